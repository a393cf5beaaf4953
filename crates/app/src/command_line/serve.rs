//! The flags of `glassline serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use domain::AddressRange;

use super::Reach;

#[derive(Debug, Args)]
#[command(
    after_help = "The first start of an installation makes an administrator key and prints it once, or takes\n\
                  the one in GLASSLINE_ADMIN_KEY.\n\n\
                  Example: glassline serve --data ./data --listen 127.0.0.1:8080"
)]
pub(crate) struct Serve {
    /// Data directory, made where it is missing
    #[arg(long, env = "GLASSLINE_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "GLASSLINE_LISTEN", value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Name of a new installation, part of its ledgers' identity [default: glassline]
    #[arg(long, env = "GLASSLINE_NAME")]
    pub(crate) name: Option<String>,
    /// The first administrator key of a new installation: gl_ and at least 32 letters and digits
    #[arg(long, env = "GLASSLINE_ADMIN_KEY", hide_env_values = true, value_name = "KEY")]
    pub(crate) admin_key: Option<String>,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Proxies, by address or range, whose X-Forwarded-For says where a request comes from; repeat for more
    #[arg(
        long = "trusted-proxy",
        env = "GLASSLINE_TRUSTED_PROXIES",
        value_delimiter = ',',
        value_name = "CIDR"
    )]
    pub(crate) trusted_proxies: Vec<AddressRange>,
    /// Mail server for what steps write: smtps://user:password@mail.example.com, smtp://mail.example.com:587
    /// (encrypted as well), or smtp://127.0.0.1:25?tls=none; better given as GLASSLINE_SMTP_URL, for others see
    /// command lines
    #[arg(long, env = "GLASSLINE_SMTP_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) smtp_url: Option<String>,
    /// Who writes where a step does not say it: desk@example.com or 'Desk <desk@example.com>'
    #[arg(long, env = "GLASSLINE_MAIL_FROM", value_name = "MAILBOX")]
    pub(crate) mail_from: Option<String>,
}
