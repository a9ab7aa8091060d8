//! Who looks at which page in, what surrounds it out.

/// What surrounds the contents of every page.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Title of the window, without the product's name.
    pub title: String,
    /// What the navigation shows as current.
    pub section: Option<Section>,
    /// Who looks; nobody on the page to log in.
    pub person: Option<Person>,
    /// Goes into a hidden field of every form, so that no other site can send one.
    pub csrf: String,
    /// Something to tell once, above the contents.
    pub notice: Option<Notice>,
    /// Address of the style sheet.
    pub style: String,
    /// Address of the script.
    pub script: String,
    /// Address of the icon.
    pub icon: String,
    /// Address of the stream of numbers, when the page has live ones.
    pub events: Option<String>,
    /// Changes when more than numbers differ: parts of the page are fetched anew then.
    pub shape: String,
    /// Address of the page to fetch them from.
    pub fresh: Option<String>,
}

impl Frame {
    /// Whether the navigation shows `section` as current.
    #[must_use]
    pub fn is_in(&self, section: Section) -> bool {
        self.section == Some(section)
    }

    /// Whether the person may change pipelines and see contents of records.
    #[must_use]
    pub fn operates(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.operates)
    }

    /// Whether the person may do everything.
    #[must_use]
    pub fn administers(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.administers)
    }
}

/// Who is logged in.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// Name of the token.
    pub name: String,
    /// The role, as it is called.
    pub role: String,
    /// May change pipelines and see contents of records.
    pub operates: bool,
    /// May do everything.
    pub administers: bool,
}

/// Something that just happened or is wrong.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Whether it is good news.
    pub tone: Tone,
    /// One sentence.
    pub text: String,
    /// What there is to do or to know in addition.
    pub details: Vec<String>,
}

impl Notice {
    /// Good news.
    #[must_use]
    pub fn done(text: impl Into<String>) -> Self {
        Self { tone: Tone::Good, text: text.into(), details: Vec::new() }
    }

    /// A mistake or a failure.
    #[must_use]
    pub fn bad(text: impl Into<String>) -> Self {
        Self { tone: Tone::Bad, text: text.into(), details: Vec::new() }
    }
}

/// How something is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It went well.
    Good,
    /// Worth knowing.
    Plain,
    /// Worth care.
    Warn,
    /// It went wrong.
    Bad,
}

impl Tone {
    /// The word in the style sheet.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Plain => "plain",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    /// The word that is read before the text, so that colour is not the only sign.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "Done",
            Self::Plain => "Note",
            Self::Warn => "Careful",
            Self::Bad => "Problem",
        }
    }
}

/// An entry of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// All pipelines and each of them.
    Pipelines,
    /// Topics of Kafka.
    Topics,
    /// Subjects of the schema registry.
    Schemas,
    /// Connectors of Kafka Connect.
    Connectors,
    /// The event generator.
    Generator,
    /// Who changed what.
    Audit,
}

impl Section {
    /// In the order of the navigation.
    pub const ALL: [Self; 6] = [
        Self::Pipelines,
        Self::Topics,
        Self::Schemas,
        Self::Connectors,
        Self::Generator,
        Self::Audit,
    ];

    /// Its address.
    #[must_use]
    pub fn href(self) -> &'static str {
        match self {
            Self::Pipelines => "/",
            Self::Topics => "/topics",
            Self::Schemas => "/schemas",
            Self::Connectors => "/connectors",
            Self::Generator => "/generator",
            Self::Audit => "/audit",
        }
    }

    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pipelines => "Pipelines",
            Self::Topics => "Topics",
            Self::Schemas => "Schemas",
            Self::Connectors => "Connectors",
            Self::Generator => "Generator",
            Self::Audit => "Audit",
        }
    }
}
