mod listing;
mod me;
mod one;
