"""An XML client: a lead made with ElementTree, sent with urllib, and the answer read with ElementTree."""

import json
import sys
import urllib.request
import xml.etree.ElementTree as ElementTree

address, values = sys.argv[1], json.loads(sys.argv[2])
lead = ElementTree.Element("lead")
for name, value in values.items():
    ElementTree.SubElement(lead, name).text = value
request = urllib.request.Request(
    address,
    data=ElementTree.tostring(lead, encoding="utf-8", xml_declaration=True),
    headers={"Content-Type": "application/xml", "Accept": "application/xml"},
)
with urllib.request.urlopen(request, timeout=30) as response:
    answer = ElementTree.fromstring(response.read())
    elements = {element.tag: element.text for element in answer.iter()}
    print(json.dumps({"status": response.status, "type": response.headers["Content-Type"], **elements}))
