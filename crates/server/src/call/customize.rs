//! Calling a method of an extension's customizer.
//!
//! Shape: a [`Customize`] in, what the method returned or why it did not out; the caller is not left in silence meanwhile, and its
//! keys are kept. The version is
//! the one that was active when the call began, as all of its configuration is.
//! Errors: a failure is an outcome. Where the caller hangs up the request is given up.

use std::sync::Arc;

use antiphon_ivr::{
    Interrupted,
    op::{CustomError, CustomErrorKind, CustomResult, Customize},
};

use super::executor::Executor;
use crate::customizers::Loads;

impl Executor {
    /// Calls a method.
    pub(super) async fn customize(
        &mut self,
        customize: Customize,
    ) -> Result<Result<CustomResult, CustomError>, Interrupted> {
        let customizers = self.rooms.customizers.clone();
        let active = self.config.active_customizer(customize.extension);
        let extension = self.config.extension(customize.extension);
        let installed = extension.and_then(|extension| self.rooms.scripts.customizer_of(&extension.name));
        if let Some(methods) = installed {
            return self.over.map_or_else(|| Ok(methods.call(&customize)), Err);
        }
        let loads = active.zip(extension);
        let loads = loads.map(|(active, extension)| Arc::new(Loads::of(active, extension)));
        self.meanwhile_hearing(None, async move {
            match loads {
                Some(loads) => customizers.call(&loads, &customize).await,
                None => {
                    let message = "no customizer is active".to_owned();
                    Err(CustomError { kind: CustomErrorKind::Inactive, message })
                }
            }
        })
        .await
    }
}
