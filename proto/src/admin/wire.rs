//! Varlink's envelopes: a call, a reply, and the errors that every service has.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What ends each message.
pub const TERMINATOR: u8 = 0;
/// The longest request that is read, in bytes without the terminator.
pub const MAX_REQUEST: usize = 1024 * 1024;
/// No reply is longer, so that sd-varlink reads it.
pub const MAX_REPLY: usize = 16 * 1024 * 1024;

/// A call as a client writes it.
#[derive(Debug, Serialize)]
pub struct Call<'a, P> {
    pub method: &'a str,
    pub parameters: P,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// A call as a server reads it first: the method decides what its parameters are. They may be absent,
/// `null` or an object.
#[derive(Debug, Deserialize)]
pub struct RawCall<'a> {
    pub method: String,
    #[serde(borrow, default)]
    pub parameters: Option<&'a RawValue>,
    #[serde(default)]
    pub more: bool,
    #[serde(default)]
    pub oneway: bool,
    #[serde(default)]
    pub upgrade: bool,
}

/// A successful reply as a server writes it. The last one of a stream has no `continues`.
#[derive(Debug, Serialize)]
pub struct Reply<P> {
    pub parameters: P,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub continues: bool,
}

/// A reply, good or bad, as a client reads it first.
#[derive(Debug, Deserialize)]
pub struct RawReply<'a> {
    #[serde(borrow, default)]
    pub parameters: Option<&'a RawValue>,
    #[serde(default)]
    pub continues: bool,
    #[serde(default)]
    pub error: Option<String>,
}

/// The errors of `org.varlink.service`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", content = "parameters")]
pub enum ServiceError {
    #[error("chatd has no interface {interface}, but org.chatd.Admin")]
    #[serde(rename = "org.varlink.service.InterfaceNotFound")]
    InterfaceNotFound { interface: String },
    #[error("chatd has no method {method}")]
    #[serde(rename = "org.varlink.service.MethodNotFound")]
    MethodNotFound { method: String },
    #[error("chatd doesn't implement {method} in this form")]
    #[serde(rename = "org.varlink.service.MethodNotImplemented")]
    MethodNotImplemented { method: String },
    #[error("the parameter \"{parameter}\" is missing, unknown or of the wrong type")]
    #[serde(rename = "org.varlink.service.InvalidParameter")]
    InvalidParameter { parameter: String },
    #[error("permission denied")]
    #[serde(rename = "org.varlink.service.PermissionDenied")]
    PermissionDenied {},
    #[error("the method answers in several replies; call it with --more")]
    #[serde(rename = "org.varlink.service.ExpectedMore")]
    ExpectedMore {},
}
