//! A forgotten password, from the request for a mail to a new one.

mod forgot;
mod reset;
