//! The file systems as `/proc/self/mountinfo` lists them: to ask a dead one anything would hang.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// A mounted file system.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mount {
    /// Where it is mounted.
    pub point: PathBuf,
    /// Its type: `ext4`, `nfs4`, `fuse.sshfs`.
    pub kind: String,
    /// What is mounted: a device, `server:/export`.
    pub source: String,
    /// Its options.
    pub options: String,
}

impl Mount {
    /// Why reading and writing there may wait for ever, locks may not hold, or data may be lost; none for a plain local file
    /// system.
    pub fn hazard(&self) -> Option<&'static str> {
        let kind = self.kind.as_str();
        let options: Vec<&str> = self.options.split(',').collect();
        let ntfs = kind.contains("ntfs") || (kind == "fuseblk" && !self.source.contains("exfat"));
        Some(match kind {
            _ if ntfs => "NTFS, commonly through FUSE: slow, and it can stop answering under load",
            "nfs" | "nfs4" if options.contains(&"nolock") || options.contains(&"local_lock=all") => {
                "NFS mounted without locks: other machines are not kept from writing at the same time"
            }
            "nfs" | "nfs4" if !options.contains(&"soft") => {
                "NFS: calls wait for ever while the server does not answer (hard mount)"
            }
            "nfs" | "nfs4" => "NFS: calls fail while the server does not answer (soft mount)",
            "lustre" if !options.contains(&"flock") => "Lustre mounted without flock: locking tables fails",
            "lustre" => "Lustre: calls wait while its servers do not answer",
            "cifs" | "smb3" | "smbfs" => "a Windows share: calls wait while the server does not answer",
            "ceph" | "beegfs" | "gpfs" | "glusterfs" | "afs" | "9p" | "virtiofs" | "orangefs" => {
                "a file system of other machines: calls wait while they do not answer"
            }
            _ if kind.starts_with("fuse") => {
                "FUSE: a program serves it, and calls wait for ever if that program hangs"
            }
            "vfat" | "exfat" | "msdos" => "a file system without safe writing: an unplugged disk loses data",
            _ => return None,
        })
    }
}

impl std::fmt::Display for Mount {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{} file system at {} ({}, options {})",
            self.kind,
            self.point.display(),
            self.source,
            self.options
        )?;
        self.hazard().map_or(Ok(()), |hazard| write!(out, ": {hazard}"))
    }
}

/// All that are mounted.
#[derive(Debug, Clone, Default)]
pub struct Mounts(Vec<Mount>);

impl Mounts {
    /// As the kernel lists them; none where it does not.
    pub fn read() -> Mounts {
        Mounts::parse(&std::fs::read("/proc/self/mountinfo").unwrap_or_default())
    }

    fn parse(text: &[u8]) -> Mounts {
        Mounts(text.split(|byte| *byte == b'\n').filter_map(line).collect())
    }

    /// The one that `path`, absolute and without links, lies on.
    pub fn of(&self, path: &Path) -> Option<&Mount> {
        // Of two at one place the later hides the earlier.
        let holds = self.0.iter().filter(|mount| path.starts_with(&mount.point));
        holds.max_by_key(|mount| mount.point.components().count())
    }
}

/// `36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
fn line(line: &[u8]) -> Option<Mount> {
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let dash = words.iter().position(|word| *word == b"-")?;
    let text = |index: usize| Some(String::from_utf8_lossy(&plain(words.get(index)?)).into_owned());
    let (own, of_all) = (text(5)?, text(dash + 3).unwrap_or_default());
    let mut options: Vec<&str> = own.split(',').collect();
    options.extend(
        of_all.split(',').filter(|option| !option.is_empty() && !own.split(',').any(|o| o == *option)),
    );
    Some(Mount {
        point: PathBuf::from(OsString::from_vec(plain(words.get(4)?))),
        kind: text(dash + 1)?,
        source: text(dash + 2).unwrap_or_default(),
        options: options.join(","),
    })
}

/// Blanks and the like stand as `\040`.
fn plain(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((first, tail)) = rest.split_first() {
        let octal = || std::str::from_utf8(tail.get(..3)?).ok().and_then(|t| u8::from_str_radix(t, 8).ok());
        match octal().filter(|_| *first == b'\\') {
            Some(byte) => {
                out.push(byte);
                rest = &tail[3..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &[u8] = b"27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
        40 27 0:44 / /data/my\\040disk rw,nosuid - fuseblk /dev/sdb1 rw,user_id=0,allow_other\n\
        41 27 0:45 / /data rw - nfs4 server:/export rw,vers=4.2,hard\n\
        42 27 0:46 / /home rw - fuse.sshfs me@there: rw,user_id=0\n";

    #[test]
    fn the_innermost_file_system_is_found_and_its_kind_called_out() {
        let mounts = Mounts::parse(LISTED);
        let of = |path: &str| mounts.of(Path::new(path)).expect("a mount");
        assert_eq!((of("/tmp/a.ms").kind.as_str(), of("/tmp/a.ms").hazard()), ("ext4", None));
        let ntfs = of("/data/my disk/a.ms/table.f0");
        assert_eq!(ntfs.point, Path::new("/data/my disk"));
        assert_eq!(ntfs.options, "rw,nosuid,user_id=0,allow_other");
        assert!(ntfs.to_string().contains("NTFS") && ntfs.to_string().contains("/dev/sdb1"), "{ntfs}");
        assert!(of("/data/other").to_string().contains("hard mount"));
        assert!(of("/home/x").hazard().is_some_and(|hazard| hazard.starts_with("FUSE")));
        // A name that only begins alike is another place.
        assert_eq!(of("/database").kind, "ext4");
    }

    #[test]
    fn a_line_that_is_not_understood_is_left_out() {
        assert!(Mounts::parse(b"\n1 2\nx y z - \n").of(Path::new("/")).is_none());
    }
}
