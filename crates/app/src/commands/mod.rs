//! One file for each command.

pub(crate) mod demo;
pub(crate) mod flow;
pub(crate) mod key;
pub(crate) mod serve;
pub(crate) mod verify;
