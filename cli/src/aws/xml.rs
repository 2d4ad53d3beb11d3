use quick_xml::{Reader, escape::resolve_xml_entity, events::Event};

/// An element of an XML document, without attributes and namespaces.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Element {
    pub name: String,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    /// Parses a document. `None` when it is not well-formed.
    pub fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader::from_str(text);
        // The first element stands for the document.
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => open.push(Self::named(start.local_name().as_ref())),
                Event::Empty(empty) => {
                    let child = Self::named(empty.local_name().as_ref());
                    open.last_mut()?.children.push(child);
                }
                Event::End(_) => {
                    let closed = open.pop()?;
                    open.last_mut()?.children.push(closed);
                }
                Event::Text(text) => open.last_mut()?.text += &text.decode().ok()?,
                Event::GeneralRef(reference) => {
                    let last = open.last_mut()?;
                    match reference.resolve_char_ref().ok()? {
                        Some(character) => last.text.push(character),
                        None => last.text += resolve_xml_entity(&reference.decode().ok()?)?,
                    }
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let [document] = open.try_into().ok()?;
        document.children.into_iter().next()
    }

    fn named(name: &[u8]) -> Self {
        Self {
            name: String::from_utf8_lossy(name).into_owned(),
            ..Self::default()
        }
    }

    /// Lists the children with this name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Finds the first descendant by the names of the elements on the way to it.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| {
            element.children.iter().find(|child| child.name == *name)
        })
    }

    /// Returns the text of a child.
    pub fn text_of(&self, name: &str) -> Option<String> {
        self.at(&[name]).map(|child| child.text.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_their_path() {
        let text = "<?xml version=\"1.0\"?><R xmlns=\"urn:x\"><L><m><K>a</K><V>1&amp;2 &#x41;</V></m><m/></L></R>";
        let root = Element::parse(text).unwrap();
        let list = root.at(&["L"]).unwrap();
        assert_eq!(list.all("m").count(), 2);
        assert_eq!(
            list.at(&["m"]).unwrap().text_of("V"),
            Some("1&2 A".to_owned())
        );
        assert_eq!(root.at(&["L", "n"]), None);
    }

    #[test]
    fn a_malformed_document_is_not_parsed() {
        for text in ["", "x", "<a>", "<a></b>"] {
            assert_eq!(Element::parse(text), None, "{text}");
        }
    }
}
