//! `org.varlink.service`: introspection, as every Varlink service has it.

use chat_proto::admin::{DEFINITION, INTERFACE, ServiceError};
use serde::{Deserialize, Serialize};

pub(super) const SERVICE: &str = "org.varlink.service";
const SERVICE_DEFINITION: &str = include_str!("org.varlink.service.varlink");

#[derive(Debug, Serialize)]
pub(super) struct Info {
    vendor: &'static str,
    product: &'static str,
    version: String,
    url: &'static str,
    interfaces: [&'static str; 2],
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GetInfo {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GetInterfaceDescription {
    pub(super) interface: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Description {
    description: &'static str,
}

pub(super) fn info(version: String) -> Info {
    Info { vendor: "chatd", product: "chatd", version, url: "", interfaces: [SERVICE, INTERFACE] }
}

pub(super) fn describe(interface: String) -> Result<Description, ServiceError> {
    match interface.as_str() {
        INTERFACE => Ok(Description { description: DEFINITION }),
        SERVICE => Ok(Description { description: SERVICE_DEFINITION }),
        _ => Err(ServiceError::InterfaceNotFound { interface }),
    }
}
