//! The flags of `glassline flow`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Reach, Target};

#[derive(Debug, Subcommand)]
pub(crate) enum FlowCommand {
    /// Print the JSON Schema of flow files, for editors
    #[command(after_help = "Example: glassline flow schema > flow.schema.json")]
    Schema,
    /// Check flow files without publishing them; a WSDL that they name is read or fetched
    #[command(
        after_help = "An address that is not public is refused unless --allow-host has its host, as serve does. A WSDL whose\n\
                      host cannot be reached from here is warned of: publishing fetches it, and wsdl_file names one beside\n\
                      the flow file.\n\
                      Exit codes: 0 all are good to publish, 1 some are not; what is wrong is told with its line.\n\n\
                      Example: glassline flow check flow_roofs.yaml"
    )]
    Check {
        /// Flow files, YAML or JSON; - for standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// What is wrong as JSON, one problem a line, on standard output
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        reach: Reach,
    },
    /// Try the tests of flow files: made-up leads run through the flow, with the replies that the tests give
    #[command(after_help = "Nobody is asked and nothing is kept; time passes as a test needs it.\n\
                      Exit codes: 0 all is as expected, 1 something is not, or a file cannot be used.\n\n\
                      Example: glassline flow test flow_roofs.yaml")]
    Test {
        /// Flow files, YAML or JSON, with the key `tests`; - for standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Only the tests that have this text in their name
        #[arg(long, value_name = "NAME")]
        test: Option<String>,
        /// How each test went as JSON, one a line
        #[arg(long)]
        json: bool,
    },
    /// Publish a flow file: leads submitted from then on run through it. A WSDL that it names becomes a part of it
    #[command(after_help = "Examples: glassline flow publish flow_roofs.yaml --data ./data\n          \
                      GLASSLINE_KEY=gl_… glassline flow publish flow_roofs.yaml --url http://127.0.0.1:8080")]
    Publish {
        /// The flow file, YAML or JSON; - for standard input
        file: PathBuf,
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        reach: Reach,
    },
    /// List the flows with their newest versions
    #[command(after_help = "Example: glassline flow list --data ./data")]
    List {
        /// One flow a line as JSON, instead of a table
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
    /// List the versions of a flow, newest first
    #[command(after_help = "Example: glassline flow versions flow_roofs --data ./data")]
    Versions {
        /// The flow
        id: String,
        /// One version a line as JSON, instead of a table
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
}
