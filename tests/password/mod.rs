//! Password reset: the request for a mail, and the new password.

mod forgot;
mod reset;
