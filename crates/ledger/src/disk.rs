//! The disk as the log needs it: one directory of files, behind a trait small enough that a
//! simulated disk can crash at any operation.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One directory of files.
///
/// What is promised after a crash: content written before a file's last successful
/// [`sync_data`](DiskFile::sync_data), and names made, renamed or removed before the directory's
/// last successful [`sync_directory`](Disk::sync_directory). All else may or may not be there, in
/// any mixture of sectors.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Names of the files, in no order.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Makes a new empty file, open for reading and writing. Fails with
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) where the name is taken.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens a file for reading and writing (for reading only, on a disk that is opened so).
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Gives a file another name, over whatever had it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Takes a file away.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Takes a file away, unless it is gone already.
    fn remove_if_there(&self, name: &str) -> io::Result<()> {
        match self.remove(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Makes names durable.
    fn sync_directory(&self) -> io::Result<()>;

    /// Where a file lies, for messages.
    fn path(&self, name: &str) -> PathBuf;
}

/// One open file.
#[expect(clippy::len_without_is_empty, reason = "whether a file is empty says nothing here")]
pub trait DiskFile: fmt::Debug + Send + Sync {
    /// Length in bytes, reserved space included.
    fn len(&self) -> io::Result<u64>;

    /// Reads as many bytes as there are, up to the buffer's length; 0 at or past the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all bytes at an offset, growing the file as needed. After an error any part of
    /// them may have been written.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Sets space aside, so that writing there needs no more of it. The file then reaches at
    /// least to `offset + bytes`, and what was not written reads as zeros.
    fn reserve(&self, offset: u64, bytes: u64) -> io::Result<()>;

    /// Cuts or grows the file.
    fn set_len(&self, bytes: u64) -> io::Result<()>;

    /// Makes content and length durable (`fdatasync`).
    fn sync_data(&self) -> io::Result<()>;

    /// Fills the buffer from an offset, or fails with
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof).
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let mut filled = 0;
        while filled < buffer.len() {
            let count = self.read_at(&mut buffer[filled..], offset + filled as u64)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += count;
        }
        Ok(())
    }

    /// The whole content.
    fn read_all(&self) -> io::Result<Vec<u8>> {
        let bytes = usize::try_from(self.len()?).map_err(io::Error::other)?;
        let mut content = vec![0; bytes];
        self.read_exact_at(&mut content, 0)?;
        Ok(content)
    }
}

/// Whether files may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading and writing.
    Write,
    /// Reading only: any attempt to write fails.
    Read,
}

/// A directory of the operating system.
#[derive(Debug)]
pub struct RealDisk {
    directory: PathBuf,
    access: Access,
}

impl RealDisk {
    /// Opens a directory; with [`Access::Write`] it is made when missing, and its name is made
    /// durable, with those of the directories above it that had to be made.
    pub fn open(directory: &Path, access: Access) -> io::Result<RealDisk> {
        if access == Access::Write {
            make_directory(directory)?;
        }
        std::fs::read_dir(directory)?;
        Ok(RealDisk { directory: directory.to_path_buf(), access })
    }

    fn writable(&self) -> io::Result<()> {
        match self.access {
            Access::Write => Ok(()),
            Access::Read => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
        }
    }
}

/// Makes a directory and what is missing above it, each name synced in the directory that holds
/// it. The name of one that exists is synced as well: whoever made it may have been stopped before
/// that, and everything inside would go with it.
fn make_directory(directory: &Path) -> io::Result<()> {
    let parent = match directory.parent() {
        None => return Ok(()), // The root.
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
    };
    let made = match std::fs::create_dir(directory) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => false,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_directory(parent)?;
            match std::fs::create_dir(directory) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Ok(()) | Err(_) => true,
            }
        }
        Err(_) if directory.is_dir() => false,
        Err(error) => return Err(error),
    };
    match File::open(parent).and_then(|parent| parent.sync_all()) {
        // Somebody else's directory, which may not be open to us: its names were there before.
        Err(error) if made => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

impl Disk for RealDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.directory)? {
            let entry = entry?;
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.writable()?;
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(self.path(name))?;
        Ok(Arc::new(RealFile { file }))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let write = self.access == Access::Write;
        let file = OpenOptions::new().read(true).write(write).open(self.path(name))?;
        Ok(Arc::new(RealFile { file }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.writable()?;
        std::fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.writable()?;
        std::fs::remove_file(self.path(name))
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.writable()?;
        File::open(&self.directory)?.sync_all()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

#[derive(Debug)]
struct RealFile {
    file: File,
}

impl DiskFile for RealFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match self.file.read_at(buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn reserve(&self, offset: u64, bytes: u64) -> io::Result<()> {
        match rustix::fs::fallocate(&self.file, rustix::fs::FallocateFlags::empty(), offset, bytes) {
            Ok(()) => Ok(()),
            // Some file systems cannot set space aside; a longer file is all they can give.
            Err(rustix::io::Errno::OPNOTSUPP) => {
                let end = offset + bytes;
                if self.len()? < end { self.file.set_len(end) } else { Ok(()) }
            }
            Err(errno) => Err(errno.into()),
        }
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}
