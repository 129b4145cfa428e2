//! Handing a letter to the server of the settings.
//!
//! Shape: one connection a letter: TLS where the settings say so, who we are, the letter. What is given back is the connection, still
//! open, so that its end costs no time before it is written down that the letter was taken.
//! Time: each answer is waited for as long as the settings say, the one after the letter 10 minutes (RFC 5321 §4.5.3.2.6): who gives up
//! there sends a letter twice.
//! Errors: [`Undelivered`]: a 5xx about the letter or its addresses is for good. What goes wrong before, or 4xx, may go right another time;
//! so may a 5xx about who we are, once the settings are mended.
//! Sources: RFC 5321, RFC 3207, RFC 4954.

use std::{future::Future, time::Duration};

use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, Certificate, TlsParameters},
    commands::{Data, Mail, Rcpt},
    extension::ClientId,
};
use tokio::time::timeout;

use super::letter::Letter;
use crate::settings::{MailSecurity, MailSettings};

/// How long the answer after the letter is waited for.
const TAKING: Duration = Duration::from_secs(600);
/// How long a connection may take to be closed.
const CLOSING: Duration = Duration::from_secs(2);
/// Most characters of what a server says.
const MAX_ERROR: usize = 300;

/// Why a letter was not taken.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(super) enum Undelivered {
    /// It may be, another time.
    Now(String),
    /// It will not be.
    Ever(String),
}

/// The server has taken the letter.
pub(super) struct Taken(AsyncSmtpConnection);

impl Taken {
    /// Says goodbye.
    pub(super) async fn close(mut self) {
        // The letter is there; how the connection ends matters to nobody.
        let _ = timeout(CLOSING, self.0.abort()).await;
    }
}

/// Hands a letter over.
pub(super) async fn deliver(settings: &MailSettings, letter: &Letter) -> Result<Taken, Undelivered> {
    let mut connection = connect(settings).await?;
    let handed = hand(settings, &mut connection, letter).await;
    match handed {
        Ok(()) => Ok(Taken(connection)),
        Err(undelivered) => {
            let _ = timeout(CLOSING, connection.abort()).await;
            Err(undelivered)
        }
    }
}

async fn connect(settings: &MailSettings) -> Result<AsyncSmtpConnection, Undelivered> {
    let hello = ClientId::default();
    let tls = match settings.security {
        MailSecurity::None => None,
        MailSecurity::StartTls | MailSecurity::Tls => Some(parameters(settings).await?),
    };
    let at_once = tls.clone().filter(|_| settings.security == MailSecurity::Tls);
    let server = (settings.host.clone(), settings.port);
    let connecting = AsyncSmtpConnection::connect_tokio1(server, Some(settings.timeout), &hello, at_once, None);
    // Address, connection, greeting and EHLO.
    let mut connection = within(settings.timeout * 2, connecting).await.map_err(|(_, text)| Undelivered::Now(text))?;
    if settings.security == MailSecurity::StartTls {
        let tls = tls.ok_or_else(|| Undelivered::Now("TLS is not set up".to_owned()))?;
        let begun = within(settings.timeout, connection.starttls(tls, &hello)).await;
        begun.map_err(|(_, text)| Undelivered::Now(text))?;
    }
    if let Some(login) = &settings.login {
        let credentials = Credentials::new(login.username.clone(), login.password.clone());
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        let known = within(settings.timeout, connection.auth(&mechanisms, &credentials)).await;
        known.map_err(|(_, text)| Undelivered::Now(text))?;
    }
    Ok(connection)
}

async fn hand(
    settings: &MailSettings,
    connection: &mut AsyncSmtpConnection,
    letter: &Letter,
) -> Result<(), Undelivered> {
    let from = Mail::new(letter.envelope.from().cloned(), Vec::new());
    within(settings.timeout, connection.command(from)).await.map_err(judged)?;
    for address in letter.envelope.to() {
        within(settings.timeout, connection.command(Rcpt::new(address.clone(), Vec::new()))).await.map_err(judged)?;
    }
    within(settings.timeout, connection.command(Data)).await.map_err(judged)?;
    within(TAKING, connection.message(&letter.bytes)).await.map_err(judged)?;
    Ok(())
}

/// What a refusal of the letter means. `None` stands for no answer in time.
fn judged((error, text): (Option<Error>, String)) -> Undelivered {
    let status = error.filter(Error::is_permanent).and_then(|error| error.status()).map(u16::from);
    match status {
        // "Authentication required" and its like are about us (RFC 4954 §6).
        None | Some(530 | 534 | 535 | 538) => Undelivered::Now(text),
        Some(_) => Undelivered::Ever(text),
    }
}

/// The answer within this time, or why there is none.
async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, (Option<Error>, String)> {
    match timeout(patience, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            let text = plain(&error.to_string());
            Err((Some(error), text))
        }
        Err(_) => Err((None, format!("the server did not answer within {} s", patience.as_secs()))),
    }
}

/// What a server said, fit to be shown.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_ERROR).collect()
}

async fn parameters(settings: &MailSettings) -> Result<TlsParameters, Undelivered> {
    let (host, roots) = (settings.host.clone(), settings.roots.clone());
    // Reads the roots of the system.
    let made = tokio::task::spawn_blocking(move || {
        let mut builder = TlsParameters::builder(host);
        if let Some(roots) = roots {
            builder = builder.add_root_certificate(Certificate::from_pem(&roots)?);
        }
        builder.build_rustls()
    });
    match made.await {
        Ok(Ok(parameters)) => Ok(parameters),
        Ok(Err(error)) => Err(Undelivered::Now(plain(&format!("TLS cannot be set up: {error}")))),
        Err(_) => Err(Undelivered::Now("TLS cannot be set up".to_owned())),
    }
}
