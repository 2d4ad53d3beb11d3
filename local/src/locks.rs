use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex. Use it only where no code panics while it holds the lock: then a poisoned mutex is still valid.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
