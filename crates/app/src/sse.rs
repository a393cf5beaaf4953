//! Server-sent events, as they come over a connection in pieces of any size.

/// Longest message, in bytes. A batch of events is at most 1 MiB.
const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Message {
    /// What kind it is; `message` where it does not say.
    pub(crate) event: String,
    /// Its lines of data, with line feeds between.
    pub(crate) data: String,
    /// The place to go on from, when it names one.
    pub(crate) id: Option<String>,
}

/// A message that is longer than any that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message of the stream is longer than {MESSAGE_BYTES_MAX} bytes")]
pub(crate) struct TooLong;

/// Reads messages out of pieces of text.
#[derive(Debug, Default)]
pub(crate) struct MessageReader {
    /// What came since the last whole line.
    rest: Vec<u8>,
    message: Message,
    /// Whether the message has data at all; without, it is none.
    has_data: bool,
}

impl MessageReader {
    /// Takes the next piece, and gives the messages that it completes.
    ///
    /// # Errors
    /// When a message has no end.
    pub(crate) fn read(&mut self, piece: &[u8]) -> Result<Vec<Message>, TooLong> {
        self.rest.extend_from_slice(piece);
        let bytes = std::mem::take(&mut self.rest);
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let mut messages = Vec::new();
        for line in lines {
            match line.strip_suffix(b"\n") {
                Some(line) => {
                    let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
                    messages.extend(self.line(&line));
                }
                None => self.rest = line.to_vec(),
            }
        }
        if self.rest.len() + self.message.data.len() > MESSAGE_BYTES_MAX {
            return Err(TooLong);
        }
        Ok(messages)
    }

    fn line(&mut self, line: &str) -> Option<Message> {
        if line.is_empty() {
            let mut message = std::mem::take(&mut self.message);
            if message.event.is_empty() {
                message.event = "message".to_owned();
            }
            return std::mem::take(&mut self.has_data).then_some(message);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.message.event = value.to_owned(),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.message.data.push('\n');
                }
                self.message.data += value;
            }
            "id" => self.message.id = Some(value.to_owned()),
            // Comments, which keep the connection open, and what a later release may add.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "event: open\ndata: {\"complete_to_seq\":7}\n\n: still here\n\nid: 9\r\nevent: batch\r\n\
                          data: {\"a\":\r\ndata: \"é\"}\r\n\r\ndata: x\n\nevent: none\n\ndata: cut";

    #[test]
    fn messages_are_the_same_whatever_the_pieces() {
        let message = |event: &str, data: &str, id: Option<&str>| Message {
            event: event.to_owned(),
            data: data.to_owned(),
            id: id.map(str::to_owned),
        };
        let wanted = [
            message("open", "{\"complete_to_seq\":7}", None),
            message("batch", "{\"a\":\n\"é\"}", Some("9")),
            message("message", "x", None),
        ];
        for size in 1..=STREAM.len() {
            let mut reader = MessageReader::default();
            let pieces = STREAM.as_bytes().chunks(size);
            let read: Vec<Message> = pieces.flat_map(|piece| reader.read(piece).unwrap()).collect();
            assert_eq!(read, wanted, "pieces of {size}");
        }
    }

    #[test]
    fn a_message_without_an_end_is_given_up() {
        let mut reader = MessageReader::default();
        let piece = vec![b'x'; 1 << 20];
        let fault = (0..20).find_map(|_| reader.read(&piece).err());
        assert_eq!(fault, Some(TooLong));
    }
}
