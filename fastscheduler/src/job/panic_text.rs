//! What a panic says.

use std::any::Any;

/// Returns the text of a panic, as in `panicked: index out of bounds`.
pub(crate) fn panic_text(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref().map(String::as_str));
    if let Some(text) = text {
        return format!("panicked: {text}");
    }
    // Dropping it runs the user's code, which might panic once more.
    std::mem::forget(panic);
    "panicked with a value that is no text".to_owned()
}
