"""Types of other domains by lazy name, so that modules may point at each other."""

from typing import TYPE_CHECKING, Annotated

import strawberry

if TYPE_CHECKING:
    from api.graphql.appeals import Appeal
    from api.graphql.asset_folders import AssetFolder
    from api.graphql.assets import Asset
    from api.graphql.audits import AuditTask, RejectionReason
    from api.graphql.channels import Channel
    from api.graphql.contents import Content
    from api.graphql.creators import Creator
    from api.graphql.distribution import Submission
    from api.graphql.explaining import Explanation
    from api.graphql.formats import Live
    from api.graphql.homepages import Homepage
    from api.graphql.identities import Identity
    from api.graphql.keys import Account
    from api.graphql.lives import LiveRoom
    from api.graphql.organisations import Organisation
    from api.graphql.packs import Pack, PackCanary, PackInstall
    from api.graphql.products import Brand, Product, Shop
    from api.graphql.reviews import Review
    from api.graphql.revisions import Revision
    from api.graphql.submission_history import StuckSubmission, SubmissionEvent
    from api.graphql.tags import Tag, Taxonomy

AccountRef = Annotated["Account", strawberry.lazy("api.graphql.keys")]
AppealRef = Annotated["Appeal", strawberry.lazy("api.graphql.appeals")]
AssetFolderRef = Annotated["AssetFolder", strawberry.lazy("api.graphql.asset_folders")]
AssetRef = Annotated["Asset", strawberry.lazy("api.graphql.assets")]
AuditTaskRef = Annotated["AuditTask", strawberry.lazy("api.graphql.audits")]
BrandRef = Annotated["Brand", strawberry.lazy("api.graphql.products")]
ChannelRef = Annotated["Channel", strawberry.lazy("api.graphql.channels")]
ContentRef = Annotated["Content", strawberry.lazy("api.graphql.contents")]
CreatorRef = Annotated["Creator", strawberry.lazy("api.graphql.creators")]
ExplanationRef = Annotated["Explanation", strawberry.lazy("api.graphql.explaining")]
HomepageRef = Annotated["Homepage", strawberry.lazy("api.graphql.homepages")]
IdentityRef = Annotated["Identity", strawberry.lazy("api.graphql.identities")]
LiveRef = Annotated["Live", strawberry.lazy("api.graphql.formats")]
LiveRoomRef = Annotated["LiveRoom", strawberry.lazy("api.graphql.lives")]
OrganisationRef = Annotated["Organisation", strawberry.lazy("api.graphql.organisations")]
PackCanaryRef = Annotated["PackCanary", strawberry.lazy("api.graphql.packs")]
PackInstallRef = Annotated["PackInstall", strawberry.lazy("api.graphql.packs")]
PackRef = Annotated["Pack", strawberry.lazy("api.graphql.packs")]
ProductRef = Annotated["Product", strawberry.lazy("api.graphql.products")]
RejectionReasonRef = Annotated["RejectionReason", strawberry.lazy("api.graphql.audits")]
ReviewRef = Annotated["Review", strawberry.lazy("api.graphql.reviews")]
RevisionRef = Annotated["Revision", strawberry.lazy("api.graphql.revisions")]
ShopRef = Annotated["Shop", strawberry.lazy("api.graphql.products")]
StuckSubmissionRef = Annotated["StuckSubmission", strawberry.lazy("api.graphql.submission_history")]
SubmissionEventRef = Annotated["SubmissionEvent", strawberry.lazy("api.graphql.submission_history")]
SubmissionRef = Annotated["Submission", strawberry.lazy("api.graphql.distribution")]
TagRef = Annotated["Tag", strawberry.lazy("api.graphql.tags")]
TaxonomyRef = Annotated["Taxonomy", strawberry.lazy("api.graphql.tags")]
