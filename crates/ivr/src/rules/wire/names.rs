//! The closed lists of words that the API uses as values.
//!
//! Shape: one enum a list; the word is the API's own.
//! Sources: `ringme-ivr.md` 1.2 (lifetime), 1.5 (conditions and fields), 1.6 (actions).

use crate::FetchMethod;

/// A closed list of words.
pub(crate) trait Named: Copy + Default + 'static {
    /// Every value, in the order of the specification.
    const ALL: &'static [Self];
    /// The API's word.
    fn as_str(self) -> &'static str;

    /// The value of a word.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.as_str() == word)
    }
}

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Copy, Clone, Eq, PartialEq, Debug, Default, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+ }

        impl Named for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let words = Self::ALL.iter().map(|value| value.as_str());
                let schema = utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::Type::String);
                schema.enum_values(Some(words)).into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

names!(
    /// What a rule does.
    ActionName {
        /// Ring numbers; their own incoming rules run.
        #[default]
        Transfer = "transfer",
        /// Ring numbers directly.
        SimpleTransfer = "simple_transfer",
        /// Ring the numbers that a variable holds.
        TransferFromVariable = "transfer_from_variable",
        /// End the call.
        Hangup = "hangup",
        /// Play an uploaded sound.
        PlaySound = "play_sound",
        /// Stay silent and listen.
        PlaySilence = "play_silence",
        /// Go on in another context.
        JumpToContext = "jump_to_context",
        /// Speak digits.
        PlayDigits = "play_digits",
        /// Speak the digits that a variable holds.
        PlayDigitsFromVariable = "play_digits_from_variable",
        /// Ask for digits.
        RecordDigits = "record_digits",
        /// Set a variable.
        SetVariable = "set_variable",
        /// Ask a web server.
        CallInteractive = "call_interactive",
        /// Set the number that later targets see.
        SetCallerIdNumber = "set_caller_id_number",
        /// Set the name that later targets see.
        SetCallerIdName = "set_caller_id_name",
        /// Ask for a rating.
        QualityRate = "quality_rate",
        /// Listen to speech.
        VoiceHelper = "voice_helper",
        /// Record the call.
        StartRecord = "start_record",
        /// Hear the messages of a mailbox, step by step. An addition of ours.
        Voicemail = "voicemail",
    }
);

names!(
    /// What happens when the lifetime of an IVR is over.
    ExpiryAction {
        /// The call ends.
        #[default]
        Hangup = "hangup",
        /// The call is transferred.
        Transfer = "transfer",
    }
);

names!(
    /// What the conditions of a time interval are. The vendor names the second; the first is ours.
    IntervalKind {
        /// Days and times of the calendar.
        #[default]
        Usual = "usual",
        /// Shift cycles: working days, then days off.
        ScheduledDays = "scheduled_days",
    }
);

names!(
    /// What digits do while a sound plays.
    SoundType {
        /// Any digit stops the sound.
        #[default]
        Background = "background",
        /// Digits are ignored.
        Foreground = "foreground",
    }
);

names!(
    /// How a rule looks at the caller's number.
    CallerIdAction {
        /// The number matches the pattern.
        Matches = "matches",
        /// The number does not match the pattern.
        NotMatches = "not_matches",
        /// The caller hides their number.
        Anonymous = "anonymous",
        /// It does not.
        #[default]
        Any = "any",
    }
);

names!(
    /// How a rule looks at the transfer before it.
    CallStatusName {
        /// It failed, and not by the far end being busy.
        NoAnswer = "no_answer",
        /// The far end was busy.
        Busy = "busy",
        /// It was answered, and the far end hung up first. An addition of ours.
        Answered = "answered",
        /// It does not.
        #[default]
        Any = "any",
    }
);

names!(
    /// How digits are spoken.
    PlayDigitsMethod {
        /// As one number.
        #[default]
        Pronounced = "pronounced",
        /// One by one.
        Iterated = "iterated",
    }
);

names!(
    /// How a transfer is made. An addition of ours.
    TransferMode {
        /// As the trunk that the caller came by says; as `bridge` for any other caller.
        #[default]
        Trunk = "trunk",
        /// We ring the targets, and stay between the caller and the one who answers.
        Bridge = "bridge",
        /// The caller's phone or trunk is asked to call the target itself; where it refuses, as `bridge`.
        Refer = "refer",
        /// As `refer` where caller and target are on one trunk, else as `bridge`.
        Auto = "auto",
    }
);

names!(
    /// Whose words a web server speaks. An addition of ours.
    InteractiveDialect {
        /// Ucom, Telphin and RingMe.
        #[default]
        Ucom = "ucom",
        /// VoipNow.
        Voipnow = "voipnow",
    }
);

names!(
    /// When a script of a menu is asked.
    ScriptEvent {
        /// A call has reached the menu.
        #[default]
        DialIn = "dial-in",
        /// The menu calls somebody.
        DialOut = "dial-out",
        /// The call is over.
        Hangup = "hangup",
    }
);

names!(
    /// A step of hearing messages. An addition of ours.
    VoicemailStep {
        /// List the messages.
        #[default]
        Open = "open",
        /// Go to the next.
        Next = "next",
        /// Go to the one before.
        Previous = "previous",
        /// Say it.
        Play = "play",
        /// Make it new again.
        Keep = "keep",
        /// Delete it.
        Delete = "delete",
    }
);

names!(
    /// How a web server is asked.
    HttpMethod {
        /// GET.
        #[default]
        Get = "GET",
        /// POST.
        Post = "POST",
    }
);

impl HttpMethod {
    /// How a script asks.
    pub(in crate::rules) fn fetch(self) -> FetchMethod {
        match self {
            Self::Get => FetchMethod::Get,
            Self::Post => FetchMethod::Post,
        }
    }
}

impl TransferMode {
    pub(super) fn is_usual(&self) -> bool {
        *self == Self::Trunk
    }
}

impl InteractiveDialect {
    pub(super) fn is_usual(&self) -> bool {
        *self == Self::Ucom
    }
}
