//! A flow file, and the WSDL files that it names beside it.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use engine::{FoundWsdl, HttpOptions, HttpParties, find_wsdl, read_flow};
use wire::flow_file::{FlowFile, FlowFileError, Problem, WsdlPlace, WsdlTexts, with_wsdl, wsdl_places};
use wire::outbound::{AllowedHosts, WSDL_BYTES_MAX};

use crate::input::read_input;

/// A flow file as it was written, and what it names beside it.
pub(crate) struct FlowDocument {
    text: String,
    files: WsdlTexts,
    /// Whether it names a WSDL of the web.
    pub(crate) names_the_web: bool,
}

/// A flow file that is good to publish, as far as could be told from here.
pub(crate) struct Checked {
    pub(crate) file: FlowFile,
    /// The WSDL of the web that could not be had, and why; what is called of it is not checked.
    pub(crate) unchecked: Vec<Problem>,
}

/// What the addresses of a flow file are held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Addresses {
    /// Nothing: which hosts an installation may ask is known where it is served.
    AsWritten,
    /// The hosts that may be asked.
    MayBeAsked,
}

impl FlowDocument {
    /// Reads the flow file, or standard input, and every `wsdl_file` that it names, seen from where the flow
    /// file is. A WSDL that is not there is told when the document is read, with its line.
    pub(crate) fn open(path: &Path) -> anyhow::Result<FlowDocument> {
        let text = read_input(path)?;
        let beside = path.parent().unwrap_or(Path::new(""));
        let (mut files, mut names_the_web) = (WsdlTexts::new(), false);
        for place in wsdl_places(&text) {
            match &place {
                WsdlPlace::File(name) => {
                    let found = read_wsdl(&beside.join(name));
                    files.insert(place, found);
                }
                WsdlPlace::Url(_) => names_the_web = true,
            }
        }
        Ok(FlowDocument { text, files, names_the_web })
    }

    /// Reads it, with what it names of the web. `allow_hosts` may be asked though they are not public; `addresses`
    /// says whether those that partners are asked at are to be among them.
    pub(crate) async fn read(
        &self,
        allow_hosts: Vec<String>,
        addresses: Addresses,
    ) -> anyhow::Result<Result<FlowFile, FlowFileError>> {
        let allowed_hosts = AllowedHosts::new(&allow_hosts);
        let allowed_hosts = match addresses {
            Addresses::MayBeAsked => Some(&allowed_hosts),
            Addresses::AsWritten => None,
        };
        if !self.names_the_web {
            return Ok(FlowFile::read_allowing(&self.text, &self.files, allowed_hosts));
        }
        let parties = parties(allow_hosts)?;
        Ok(read_flow(&parties, &self.text, self.files.clone(), allowed_hosts).await)
    }

    /// Reads it as publishing does where these hosts may be asked, but that a WSDL whose host cannot be reached from
    /// here is no fault of the file: whoever publishes it may reach it.
    pub(crate) async fn check(
        &self,
        allow_hosts: Vec<String>,
    ) -> anyhow::Result<Result<Checked, FlowFileError>> {
        let allowed_hosts = AllowedHosts::new(&allow_hosts);
        let FoundWsdl { mut texts, unreached } = match self.names_the_web {
            true => find_wsdl(&parties(allow_hosts)?, &self.text, self.files.clone()).await,
            false => FoundWsdl { texts: self.files.clone(), unreached: Vec::new() },
        };
        let error = match FlowFile::read_allowing(&self.text, &texts, Some(&allowed_hosts)) {
            Ok(file) => return Ok(Ok(Checked { file, unchecked: Vec::new() })),
            Err(error) => error,
        };
        texts.retain(|place, _| !unreached.contains(place));
        // With stand-ins nothing is wrong, so what is wrong without them is that there is no WSDL.
        Ok(match FlowFile::read_with_stand_ins(&self.text, &texts, Some(&allowed_hosts)) {
            Ok(file) if !unreached.is_empty() => Ok(Checked { file, unchecked: error.problems().to_vec() }),
            Ok(_) | Err(_) => Err(error),
        })
    }

    /// Reads it for who asks nobody: nothing is fetched, and a stand-in takes the place of a WSDL of the web.
    pub(crate) fn read_to_test(&self) -> Result<FlowFile, FlowFileError> {
        FlowFile::read_to_test(&self.text, &self.files)
    }

    /// What is sent to a server: as it was written, unless files are to be put into it.
    pub(crate) fn to_send(&self) -> anyhow::Result<String> {
        if self.files.is_empty() {
            return Ok(self.text.clone());
        }
        with_wsdl(&self.text, &self.files).map_err(|error| anyhow!("the flow file cannot be used\n{error}"))
    }
}

/// Whom a WSDL of the web is asked of.
fn parties(allow_hosts: Vec<String>) -> anyhow::Result<HttpParties> {
    let options = HttpOptions { allow_hosts, ..HttpOptions::default() };
    HttpParties::new(options).context("cannot set up TLS")
}

/// Why there is no text ends a sentence.
fn read_wsdl(path: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("cannot be read from {}: {error}", path.display());
    let mut bytes = Vec::new();
    let bound = WSDL_BYTES_MAX as u64 + 1;
    File::open(path).map_err(cannot)?.take(bound).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() > WSDL_BYTES_MAX {
        return Err(format!("has more than {WSDL_BYTES_MAX} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())
}
