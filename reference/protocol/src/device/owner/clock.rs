//! The owner sets a camera's clock back (SPEC section "Time").

use super::act::Unsigned;
use super::unlocked::{Env, Owner};
use crate::correction::{self, Correction};
use crate::error::{AnnouncementError, Result, StoreError};
use crate::keys::{Name, verifying_id};
use crate::message::{self, Time};

impl Owner<'_> {
    /// Sets the clock of the camera of that name back by `back` milliseconds; it is never before the
    /// camera's wall clock. In effect once the camera has obeyed: its acknowledgements then have the
    /// new time.
    ///
    /// # Errors
    /// `wrong-camera` if the account has none of this name or has retired it, `object-path` if an earlier correction is
    /// not one of this camera, `conflict`, and those of committing.
    pub fn set_clock_back(&mut self, camera: &Name, back: Time, env: &mut Env<'_>) -> Result<()> {
        let mut act = self.begin(env)?;
        let mut cameras = self.phone.roster()?.cameras.iter();
        let camera = cameras.find(|listed| listed.name == *camera);
        let camera = camera
            .and_then(|listed| listed.key)
            .ok_or(AnnouncementError::WrongCamera)?;
        let (account, paths) = (self.phone.account, self.phone.paths());
        let mut count = 1;
        while let Some(earlier) = env.cloud.find(&paths.clock(verifying_id(&camera), count))? {
            let earlier = correction::open(&self.phone.root, &account, &earlier)?;
            if (earlier.camera, earlier.count) != (camera, count) {
                return Err(StoreError::Path.into());
            }
            count += 1;
        }
        let correction = Correction {
            camera,
            count,
            back,
        };
        act.corrections.push(Unsigned {
            path: paths.clock(verifying_id(&camera), count),
            message: message::encode(&account, correction),
        });
        self.commit(act, env)
    }
}
