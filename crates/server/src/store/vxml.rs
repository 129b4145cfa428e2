//! Applications in VoiceXML, as the API stores them and as they run.
//!
//! Shape: the application lies with its extension, and its page, where it was uploaded, in a table of its own; what runs is made of both.
//! Errors: what cannot run fails on calls as a web server that is not there does.
//! Sources: `voicexml-customizers.md` 3.10, 6 (row 25).

use std::{collections::BTreeMap, sync::Arc};

use antiphon_ivr::{
    op::AllowFlow,
    vxml::{Answering, Application, Dialect, TransferKind, Upload},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an extension of the type `vxml` holds, but for its page.
#[derive(Clone, Eq, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct VxmlApplication {
    /// The address of the first page.
    pub url: Option<String>,
    /// Which of the two runs, the page at `url` or the one that was uploaded.
    pub source: VxmlSource,
    /// What relative addresses in the page that was uploaded are relative to.
    pub base_url: Option<String>,
    /// How pages are read.
    pub dialect: VxmlDialect,
    /// What a transfer is that does not say.
    pub transfer: VxmlTransfer,
    /// The values of properties about which pages say nothing.
    pub properties: BTreeMap<String, String>,
    /// Whether a call is answered by `connect` alone, or by whoever takes it, and only heard until then.
    pub early_queuing: bool,
    /// Whether the customizer may say where pages go on.
    pub allow_flow: bool,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Copy, Clone, Eq, PartialEq, Default, Debug, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$of])* $variant),+ }

        impl $name {
            /// The API's words.
            pub(super) const WORDS: &'static [&'static str] = &[$($word),+];

            /// The API's word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// What one of the API's words means.
            pub(super) fn of(word: &str) -> Option<Self> {
                [$(Self::$variant),+].into_iter().find(|known| known.as_str() == word)
            }
        }
    };
}

words!(
    /// Where the first page of an application is.
    VxmlSource {
        /// On a web server.
        #[default]
        Url = "url",
        /// In the application.
        Document = "document",
    }
);
words!(
    /// How pages are read.
    VxmlDialect {
        /// As each page says: as the W3C has it, or as Contact Pro where its root binds the prefix `bcm`.
        #[default]
        W3c = "w3c",
        /// As Contact Pro has it, whatever the pages say.
        ContactPro = "contactpro",
    }
);
words!(
    /// How a caller comes to somebody else.
    VxmlTransfer {
        /// The caller's side calls, and we are out of it at once.
        #[default]
        Blind = "blind",
        /// We call, and join the two.
        Bridge = "bridge",
        /// We are out of it once somebody answers.
        Consultation = "consultation",
    }
);

impl VxmlDialect {
    fn kind(self) -> Dialect {
        match self {
            Self::W3c => Dialect::W3c,
            Self::ContactPro => Dialect::ContactPro,
        }
    }
}

impl VxmlTransfer {
    fn kind(self) -> TransferKind {
        match self {
            Self::Blind => TransferKind::Blind,
            Self::Bridge => TransferKind::Bridge,
            Self::Consultation => TransferKind::Consultation,
        }
    }
}

impl VxmlApplication {
    /// The application as it runs, with its page.
    pub(super) fn runs(&self, document: Option<Arc<[u8]>>) -> VxmlExtension {
        let upload = document.clone().map(|bytes| Upload { bytes, base: self.base_url.clone() });
        let begun = match (self.source, upload) {
            (VxmlSource::Document, Some(upload)) => Application::of_upload(upload),
            // A page of the web server may lead to it all the same.
            (_, upload) => Application { upload, ..Application::new(self.url.clone().unwrap_or_default()) },
        };
        let application = Application {
            dialect: self.dialect.kind(),
            transfer: self.transfer.kind(),
            properties: self.properties.clone(),
            flow: if self.allow_flow { AllowFlow::Yes } else { AllowFlow::No },
            answer: if self.early_queuing { Answering::ByConnect } else { Answering::AtOnce },
            ..begun
        };
        VxmlExtension { application: Arc::new(application), document }
    }
}

/// What answers at an extension of the type `vxml`.
#[derive(Clone, Debug)]
pub struct VxmlExtension {
    /// The application as it runs.
    pub application: Arc<Application>,
    /// The page that was uploaded, byte by byte.
    pub document: Option<Arc<[u8]>>,
}
