//! Calling a method of an extension's customizer.
//!
//! Shape: a [`Customize`] in, what the method returned or why it did not out; the caller is not left in silence meanwhile.
//! Errors: a failure is an outcome. Where the caller hangs up the request is given up.

use antiphon_ivr::{
    Interrupted,
    op::{CustomError, CustomErrorKind, CustomResult, Customize},
};

use super::executor::Executor;

impl Executor {
    /// Calls a method.
    pub(super) async fn customize(
        &mut self,
        customize: Customize,
    ) -> Result<Result<CustomResult, CustomError>, Interrupted> {
        self.meanwhile(async move {
            let message = format!("no customizer is active for extension {}", customize.extension);
            Err(CustomError { kind: CustomErrorKind::Inactive, message })
        })
        .await
    }
}
