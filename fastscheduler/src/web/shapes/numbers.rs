//! Schemas of days and of instants, which types do not tell.

use serde_json::json;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{Array, KnownFormat, Object, RefOr, Schema, SchemaFormat};
use utoipa::{Number, PartialSchema, ToSchema};

use crate::schedule::DayOfMonth;

/// The last second of the year 9999.
pub(in crate::web) const LAST_SECOND: f64 = 253_402_300_799.0;

/// Days of the week, at least one, 0 = Monday to 6 = Sunday.
pub(super) fn days_of_week() -> Array {
    let days = number(Type::Integer, 0_u64, 6_u64);
    ArrayBuilder::new()
        .items(days)
        .min_items(Some(1))
        .description(Some("The days, 0 = Monday to 6 = Sunday; at least one."))
        .examples([json!([0, 4])])
        .build()
}

/// A day of the month: its number, or `last`.
pub(super) fn day_of_month() -> Schema {
    let last = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([DayOfMonth::LAST])).build();
    OneOfBuilder::new()
        .item(number(Type::Integer, 1_u64, 31_u64))
        .item(last)
        .description(Some("1 to 31, or `last`; months without the day are left out."))
        .build()
        .into()
}

/// Declares types that only have a schema, for parameters that are read as text.
macro_rules! schemas {
    ($($(#[$doc:meta])* $name:ident = $schema:expr;)+) => {$(
        $(#[$doc])*
        pub(in crate::web) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

schemas! {
    /// Seconds since 1970, or RFC 3339.
    Instant = seconds_or_text();
    /// Seconds since 1970, RFC 3339, or the id of a run.
    BeginningOfPage = seconds_or_text().item(id_of_run());
    /// The id of a run.
    RunOfPage = id_of_run();
}

fn seconds_or_text() -> OneOfBuilder {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .build();
    OneOfBuilder::new().item(number(Type::Number, 0.0, LAST_SECOND)).item(text)
}

fn id_of_run() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^job_(0|[1-9][0-9]{0,9})-[smcr]-[0-9]{1,15}-[0-9]{1,9}$"))
        .build()
}

fn number(kind: Type, minimum: impl Into<Number>, maximum: impl Into<Number>) -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(kind))
        .minimum(Some(minimum))
        .maximum(Some(maximum))
        .build()
}
