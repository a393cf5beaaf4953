// A service of the package `soap`, which answers by its WSDL. It takes leads of whoever knows the password,
// in clear or as a digest, and prints each call as a line of JSON.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

import { listen, passwordDigest } from 'soap';

const [wsdlFile, user, password] = process.argv.slice(2);
const http = createServer((_, response) => response.writeHead(404).end());
http.listen(0, '127.0.0.1', () => {
  const address = `http://127.0.0.1:${http.address().port}/leads`;
  const wsdl = readFileSync(wsdlFile, 'utf8').replaceAll('ADDRESS', address);
  const take = (lead) => {
    console.log(JSON.stringify({ lead }));
    if (lead.email === 'known@example.com') {
      throw { Fault: { faultcode: 'soap:Client', faultstring: 'Duplicate lead' } };
    }
    return { status: 'accepted', price: '12.50', id: 'A-7' };
  };
  const server = listen(http, '/leads', { Leads: { LeadsPort: { Add: take } } }, wsdl);
  server.authenticate = (security) => {
    const { Username, Password, Nonce, Created } = security?.UsernameToken ?? {};
    const sent = Password?.$value ?? Password;
    const nonce = Nonce?.$value ?? Nonce;
    const digest = nonce && passwordDigest(nonce, Created, password);
    return Username === user && (sent === password || sent === digest);
  };
  console.log(JSON.stringify({ address }));
});
