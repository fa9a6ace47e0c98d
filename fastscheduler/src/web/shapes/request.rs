//! Schemas in which the fields of a schedule depend on its type.

use std::borrow::Cow;
use std::marker::PhantomData;

use utoipa::openapi::schema::{AllOfBuilder, AnyOfBuilder, OneOfBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::schedule_type::{AtOnce, ScheduleByType, config_names};

/// The schema of a request `T` whose `schedule_config` is that of its
/// `schedule_type`.
///
/// `T` refuses fields that it does not have, so it has those two as well, and
/// the pairs that go together are said beside it.
pub(in crate::web) struct WithSchedule<T>(PhantomData<T>);

impl<T: PartialSchema> PartialSchema for WithSchedule<T> {
    fn schema() -> RefOr<Schema> {
        let schedule = OneOfBuilder::new().item(ScheduleByType::schema()).item(AtOnce::schema());
        AllOfBuilder::new().item(T::schema()).item(schedule).into()
    }
}

impl<T: ToSchema> ToSchema for WithSchedule<T> {
    fn name() -> Cow<'static, str> {
        T::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
        ScheduleByType::schemas(schemas);
        AtOnce::schemas(schemas);
    }
}

/// The schema of a schedule's configuration, whatever its type.
pub(in crate::web) struct ScheduleConfig;

impl PartialSchema for ScheduleConfig {
    fn schema() -> RefOr<Schema> {
        // Not one of them: what is daily may be read as hourly.
        let any = config_names().fold(AnyOfBuilder::new(), |any, name| any.item(Ref::from_schema_name(name)));
        any.description(Some("The schedule, in the fields of its type.")).into()
    }
}

impl ToSchema for ScheduleConfig {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ScheduleByType::schemas(schemas);
        AtOnce::schemas(schemas);
    }
}
