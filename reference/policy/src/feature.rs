//! The features that people give up with end-to-end encryption, one for each row of the paper's
//! table 1, and what the paper says of each. What really happens is another matter: it is played in
//! `encryptediot_schemes::demo::features`.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// A row of the paper's table 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// Shared users view the primary user's videos.
    SharedUsers,
    /// Videos are seen on the provider's website.
    Website,
    /// Several devices see what is being recorded.
    LiveView,
    /// The dashboard shows a picture of each camera.
    CameraPreviews,
    /// A video is shared with whoever has a link.
    LinkSharing,
    /// What happened when, from the provider.
    EventTimeline,
    /// An alert that comes with a picture.
    PreviewAlerts,
    /// Videos are seen on other devices of the provider.
    ProviderDevices,
    /// Videos are seen on devices of third parties.
    ThirdPartyDevices,
    /// The doorbell answers a visitor with a message.
    QuickReplies,
    /// One picture of what several cameras see.
    BirdsEyeView,
}

/// Who must be able to open clips for a feature, beside the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// Nobody.
    Nobody,
    /// A person or a device that the owner names.
    Member,
    /// The provider.
    Provider,
    /// Whoever has a link.
    Bearer,
}

/// How far a feature is there, from most to least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// As without end-to-end encryption.
    Available,
    /// Offered, with a limit that the cell states.
    Limited,
    /// Not at all.
    Unavailable,
}

impl Extent {
    /// In one word, as the table has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Available => "yes",
            Self::Limited => "limited",
            Self::Unavailable => "no",
        }
    }
}

impl Feature {
    /// Every feature, in the order of table 1.
    pub const ALL: [Self; 11] = [
        Self::SharedUsers,
        Self::Website,
        Self::LiveView,
        Self::CameraPreviews,
        Self::LinkSharing,
        Self::EventTimeline,
        Self::PreviewAlerts,
        Self::ProviderDevices,
        Self::ThirdPartyDevices,
        Self::QuickReplies,
        Self::BirdsEyeView,
    ];

    /// Its name in policies and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SharedUsers => "shared-users",
            Self::Website => "website",
            Self::LiveView => "live-view",
            Self::CameraPreviews => "camera-previews",
            Self::LinkSharing => "link-sharing",
            Self::EventTimeline => "event-timeline",
            Self::PreviewAlerts => "preview-alerts",
            Self::ProviderDevices => "provider-devices",
            Self::ThirdPartyDevices => "third-party-devices",
            Self::QuickReplies => "quick-replies",
            Self::BirdsEyeView => "birds-eye-view",
        }
    }

    /// Who must be able to open clips for it, by table 1's "steps to enable".
    pub const fn party(self) -> Party {
        match self {
            Self::SharedUsers | Self::Website | Self::ThirdPartyDevices => Party::Member,
            Self::LiveView | Self::CameraPreviews | Self::QuickReplies => Party::Nobody,
            Self::LinkSharing => Party::Bearer,
            Self::EventTimeline
            | Self::PreviewAlerts
            | Self::ProviderDevices
            | Self::BirdsEyeView => Party::Provider,
        }
    }

    /// What table 1 promises of the proposed scheme. (Of Ring's end-to-end scheme section 3.2.3
    /// says that none is available.)
    pub const fn promised(self) -> Extent {
        match self {
            Self::LiveView | Self::CameraPreviews | Self::LinkSharing => Extent::Limited,
            _ => Extent::Available,
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Feature {
    type Err = UnknownFeature;

    fn from_str(text: &str) -> Result<Self, UnknownFeature> {
        let found = Self::ALL.into_iter().find(|f| f.name() == text);
        found.ok_or(UnknownFeature)
    }
}

/// No row of table 1 goes by that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no feature of this name; there are {}", Feature::ALL.map(Feature::name).join(", "))]
pub struct UnknownFeature;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_is_found_by_its_name_and_nothing_else_is() {
        for feature in Feature::ALL {
            assert_eq!(feature.name().parse(), Ok(feature));
        }
        let error = "live".parse::<Feature>().unwrap_err();
        assert!(error.to_string().contains("live-view"));
    }
}
