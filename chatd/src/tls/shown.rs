//! The certificate that a listener shows now. A reload puts another in its place, for connections to come.

use std::sync::{Arc, Mutex, PoisonError};

use chat_proto::admin;

use super::certificate::Certificate;
use crate::logging::{EventKind, Fields};

#[derive(Debug)]
pub(crate) struct Shown {
    /// Where the listener is, as a person writes it.
    pub(crate) listener: String,
    certificate: Mutex<Arc<Certificate>>,
}

impl Shown {
    pub(crate) fn new(listener: String, certificate: Arc<Certificate>) -> Self {
        Self { listener, certificate: Mutex::new(certificate) }
    }

    pub(crate) fn now(&self) -> Arc<Certificate> {
        Arc::clone(&self.certificate.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn replace(&self, new: &Arc<Certificate>) {
        *self.certificate.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(new);
    }

    pub(crate) fn described(&self) -> admin::Certificate {
        let certificate = self.now();
        admin::Certificate {
            listener: self.listener.clone(),
            path: certificate.files.certificate.display().to_string(),
            not_after: u64::try_from(certificate.until.as_millisecond()).unwrap_or_default(),
            fingerprint: certificate.fingerprint(),
        }
    }

    /// Says what about the certificate shouldn't stay so.
    pub(crate) fn warn(&self) {
        let fields = Fields { listener: Some(&self.listener), ..Fields::default() };
        for concern in self.now().concerns() {
            EventKind::CertificateWarning.log(&fields, format_args!("{concern}"));
        }
    }
}
