// Generated from openapi.json by `python -m screenalytics.openapi.export`; do not edit.

export interface AnswerRequest {
  answer: "yes" | "no" | "name" | "extra" | "nobody" | "first" | "second" | "both";
  effect_s: number;
  method: "PUT" | "POST" | "DELETE";
  path: string;
  body: Record<string, unknown> | null;
}

export interface Appearance {
  start_s: number;
  end_s: number;
  prominence: number;
  face_size: number;
  area: number;
  centrality: number;
  sharpness: number;
  foreground: number;
}

export interface Application {
  identity_id: string;
  cast_id: string;
  why?: string | null;
}

export interface ApplyAll {
  min_probability?: number | null;
  min_margin?: number | null;
  why?: string | null;
}

export interface ApplyOutcome {
  version: number;
  changed: boolean;
  changes: Array<LinkChange>;
  revision: number | null;
  applied: Array<CastLink>;
  skipped: Array<SkippedSuggestion>;
}

export interface AuditEntry {
  at: string;
  who: string;
  caller: string | null;
  role: string;
  method: string;
  path: string;
  status: number;
  ep_id: string | null;
  show: string | null;
}

export interface Beat {
  page: string;
  screen: string;
  subject?: string | null;
}

export interface BodyAddPictures {
  pictures: Array<string>;
}

export interface Boxes {
  run_id: string;
  revision: number;
  from_s: number;
  to_s: number;
  track_ids: Array<string>;
  t_ms: Array<number>;
  track: Array<number>;
  box: Array<number>;
  confidence: Array<number>;
}

export interface CastDetails {
  external_ids: PersonIds;
  role: string | null;
  characters: Array<string>;
  attributes: Record<string, unknown>;
}

export interface CastImport {
  members: Array<NewMember>;
}

export interface CastLink {
  identity_id: string;
  cast_id: string;
  by: "auto" | "operator" | "suggestion";
  probability: number;
  margin: number;
  at: string;
  event_id: string;
  seen_as: Array<string>;
}

export interface CastScreenTime {
  cast_id: string;
  name: string;
  visible_s: number;
  share: number;
  appearances: number;
  first_s: number | null;
  last_s: number | null;
  longest_s: number;
  mean_face_size: number | null;
  intervals_s: Array<[number, number]>;
  confidence: number;
  identity_ids: Array<string>;
  representative: string | null;
  present_s: number | null;
  present_intervals_s: Array<[number, number]>;
  prominence: number | null;
  participant: boolean;
  shown: Array<Appearance>;
  details: CastDetails;
}

export interface CastTotal {
  cast_id: string;
  name: string;
  episodes: number;
  seconds: number;
  appearances: number;
  share: number;
}

export interface Choice {
  cast_id: string;
  name: string;
  probability: number;
  distance: number | null;
}

export interface Clash {
  cast_id: string;
  identity_ids: [string, string];
  track_ids: [string, string];
  start_s: number;
  end_s: number;
  seconds: number;
}

export interface ClipView {
  ep_id: string;
  start_s: number;
  end_s: number;
  url: string;
  url_expires_in_s: number;
}

export interface ClusterDetail {
  cluster: ClusterSummary;
  members: PageClusterMember;
  grouping: Grouped;
}

export interface ClusterHealth {
  metrics: GroupingMetrics;
  warnings: Array<string>;
  grouping: Grouped;
}

export interface ClusterMember {
  track_id: string;
  identity_id: string | null;
  start_s: number;
  end_s: number;
  quality: number;
  samples: number;
  low_quality: boolean;
  rescued: boolean;
  rejection: string | null;
  pictures: Array<FacePicture>;
}

export interface ClusterPage {
  items: Array<ClusterSummary>;
  next_cursor: string | null;
  total: number | null;
  grouping: Grouped;
}

export interface ClusterSummary {
  identity_id: string;
  label: string | null;
  tracks: number;
  faces: number;
  seconds: number;
  first_s: number | null;
  cohesion: number | null;
  isolation: number | null;
  ambiguity: number | null;
  representative: string | null;
  provenance: "machine" | "operator" | "rescued";
  rescued_tracks: number;
  locked: boolean;
  reason: string | null;
}

export interface CoAppearance {
  a: string;
  b: string;
  seconds: number;
}

export interface Consent {
  basis: "consent" | "contract" | "legal_obligation" | "vital_interest" | "public_interest" | "legitimate_interest";
  given_on: string;
  note: string | null;
  recorded_by: string;
  recorded_at: string;
}

export interface ContactSheet {
  url: string;
  expires_s: number;
  sha256: string;
  bytes: number;
  width_px: number;
  height_px: number;
  columns: number;
  faces: Array<Face>;
}

export interface Coverage {
  any_face_s: number;
  nobody_s: number;
  figures_s: number;
  extras_s: number;
}

export interface CurrentRun {
  run_id: string;
  state: "requested" | "running" | "finished" | "failed" | "cancelled" | "superseded";
  profile: string;
  created_at: string;
}

export interface DeletedEpisode {
  ep_id: string;
  last_run_id: string;
  version: number;
}

export interface DeletedShow {
  show: string;
  episodes: number;
  facebank_revision: number;
}

export interface DeliveryView {
  message_id: string;
  event: string;
  ep_id: string | null;
  show: string | null;
  occurred_at: string;
  state: "waiting" | "delivered" | "dead";
  tries: number;
  due_at: string | null;
  log: Array<TryView>;
}

export interface Dismissal {
  identity_id: string;
  cast_id: string | null;
  extra: boolean;
  question: string | null;
}

export interface DropTracks {
  kind?: "drop";
  track_ids: Array<string>;
  why?: string | null;
}

export interface DuplicatePair {
  first: ClusterSummary;
  second: ClusterSummary;
  distance: number;
}

export interface EditAnswer {
  edit_id: string;
  version: number;
  action: "apply" | "undo" | "redo";
  grouping_revision: number;
  is_grouped: boolean;
  revision: number | null;
}

export interface EditChange {
  source_ids: Array<string>;
  target_id: string | null;
  track_ids: Array<string>;
  start_s: number | null;
  end_s: number | null;
  label_before: string | null;
  label: string | null;
  overrides_before: Overrides | null;
  overrides: Overrides | null;
}

export interface EditEntry {
  version: number;
  edit_id: string;
  action: "apply" | "undo" | "redo";
  kind: string;
  who: string;
  at: string;
  why: string | null;
  active: boolean;
  run_id: string | null;
  identity_ids: Array<string>;
  tracks: number;
  change: EditChange;
  sentence: string;
  command_id: string | null;
}

export interface EmbedAgain {
  model_id: string;
}

export interface EpisodeErasure {
  ep_id: string;
  done: boolean;
  tracks: number;
}

export interface EpisodePatch {
  title?: string | null;
  air_date?: string | null;
  data?: Record<string, unknown> | null;
  external_ids?: GivenIds | null;
}

export interface EpisodeRole {
  role: string | null;
  characters: Array<string> | null;
}

export interface EpisodeStatus {
  ep_id: string;
  run: RunStatus | null;
  requested: RunView | null;
}

export interface EpisodeSuggestions {
  items: Array<Suggestions>;
  links_version: number;
  facebank_revision: number;
}

export interface EpisodeView {
  ep_id: string;
  show: string;
  season: number;
  episode: number;
  title: string | null;
  air_date: string | null;
  data: Record<string, string>;
  external_ids: ProgrammeIds;
  duration_s: number | null;
  has_video: boolean;
  current_run: CurrentRun | null;
  version: number;
  created_at: string;
  updated_at: string;
}

export interface ErasureReceipt {
  erasure_id: string;
  show: string;
  kind: "person" | "strangers";
  state: "pending" | "done";
  asked_at: string;
  asked_by: string;
  finished_at: string | null;
  episodes_done: number;
  episodes_pending: number;
  episodes: Array<EpisodeErasure>;
  removed: Record<string, number>;
  elsewhere: number;
  kafka: Array<KafkaHolding>;
}

export interface ErrorBody {
  code: string;
  message: string;
  details: Record<string, unknown>;
}

export interface Evidence {
  face_id: string;
  track_id: string;
  t_s: number;
  bbox: [number, number, number, number];
  picture: string | null;
}

export interface ExtrasOutcome {
  version: number;
  changed: boolean;
  changes: Array<LinkChange>;
  revision: number | null;
  skipped: Array<SkippedSuggestion>;
}

export interface ExtrasRequest {
  identity_ids: Array<string>;
  why?: string | null;
}

export interface Face {
  face_id: string;
  track_id: string;
  t_s: number;
  bbox: [number, number, number, number];
  confidence: number;
  quality: FaceQuality;
  usable: boolean;
  crop: string;
  thumbnail: string | null;
  picture: string | null;
}

export interface FaceOfEpisode {
  ep_id: string;
  run_id: string;
  track_id: string;
  face_id: string;
  t_s: number;
}

export interface FacePicture {
  face_id: string;
  ts_s: number;
  quality: number;
  crop: string;
  thumbnail: string | null;
}

export interface FaceQuality {
  score: number;
  confidence: number;
  size: number;
  sharpness: number;
  contrast: number;
  frontality: number;
}

export interface FaceSprite {
  sprite: string;
  cell_px: number;
  columns: number;
  rows: number;
  pictures: Array<string>;
  identity_id: string;
  faces: Array<Face>;
}

export interface Failure {
  stage: string;
  code: string;
  message: string;
}

export interface FiledVideo {
  ep_id: string;
  sha256: string;
  bytes: number;
  run: StartedRun | null;
}

export interface FoundEpisode {
  ep_id: string;
  season: number;
  run_id: string;
  revision: number;
  duration_s: number;
  seconds: number;
  longest_s: number;
  intervals_s: Array<[number, number]>;
}

export interface FoundPerson {
  cast_id: string;
  name: string;
  episodes: number;
  seconds: number;
  first: string;
  last: string;
  seasons: Array<SeasonSeconds>;
}

export interface FramesView {
  frames: number;
  tick_s: [number, number];
  first: number;
  delta: Array<number>;
  count: Array<number>;
  ep_id: string;
  sha256: string;
  duration_s: number;
  starts_at_s: number;
}

export interface GivenDetails {
  external_ids?: GivenPersonIds;
  role?: string | null;
  characters?: Array<string>;
  attributes?: Record<string, unknown>;
  in_episodes?: Record<string, GivenEpisodeRole>;
}

export interface GivenEpisodeRole {
  role?: string | null;
  characters?: Array<string> | null;
}

export interface GivenIds {
  eidr?: string | null;
  isan?: string | null;
  imdb?: string | null;
  wikidata?: string | null;
}

export interface GivenPersonIds {
  imdb?: string | null;
  wikidata?: string | null;
}

export interface GivenProgrammeIds {
  eidr?: string | null;
  isan?: string | null;
  imdb?: string | null;
  wikidata?: string | null;
}

export interface GroupTotal {
  people: number;
  seconds: number;
  person_seconds: number;
  share: number;
}

export interface GroupTotals {
  by: string;
  episodes: number;
  duration_s: number;
  groups: Array<NamedGroup>;
  not_said: GroupTotal;
  unidentified: GroupTotal;
}

export interface Grouped {
  run_id: string;
  grouping_revision: number;
  edits_version: number;
  pending_edits: number;
}

export interface GroupingMetrics {
  tracks: number;
  clusters: number;
  unassigned_tracks: number;
  rescued_tracks: number;
  singleton_fraction: number;
  largest_fraction: number;
}

export interface Heard {
  you: PersonPresent;
  again_within_s: number;
}

export interface HistoryOutcome {
  step: HistoryStep;
  version: number;
  versions: Record<string, number>;
  revision: number | null;
}

export interface HistoryStep {
  step: string;
  source: "clusters" | "links" | "sign_off";
  version: number;
  action: "do" | "undo" | "redo";
  kind: string;
  who: string;
  at: string;
  why: string | null;
  sentence: string;
  active: boolean;
  identity_ids: Array<string>;
  command_id: string | null;
}

export interface HistoryView {
  version: number;
  versions: Record<string, number>;
  items: Array<HistoryStep>;
  undo: HistoryStep | null;
  redo: HistoryStep | null;
  next_cursor: string | null;
}

export interface IdentityColumns {
  identity_id: Array<string>;
  name: Array<string | null>;
  cast_id: Array<string | null>;
  linked_by: Array<"auto" | "operator" | "suggestion" | null>;
  probability: Array<number | null>;
  locked: Array<boolean>;
  extra: Array<boolean>;
  visible_s: Array<number>;
  first_ms: Array<number | null>;
  faces: Array<number>;
  picture: Array<string | null>;
  reason: Array<string | null>;
}

export interface IdentityDetail {
  identity_id: string;
  name: string | null;
  cast_id: string | null;
  linked_by: "auto" | "operator" | "suggestion" | null;
  probability: number | null;
  visible_s: number;
  first_s: number | null;
  tracks: number;
  faces: number;
  locked: boolean;
  representative: string | null;
  reason: string | null;
  best: Match | null;
  prominence: number;
  participant: boolean;
  track_ids: Array<string>;
  intervals_s: Array<[number, number]>;
  cohesion: number | null;
  isolation: number | null;
  link: CastLink | null;
  suggestions: Suggestions;
}

export interface IdentityPage {
  items: Array<IdentitySummary>;
  next_cursor: string | null;
  total: number | null;
  run_id: string;
  revision: number;
  links_version: number;
}

export interface IdentitySummary {
  identity_id: string;
  name: string | null;
  cast_id: string | null;
  linked_by: "auto" | "operator" | "suggestion" | null;
  probability: number | null;
  visible_s: number;
  first_s: number | null;
  tracks: number;
  faces: number;
  locked: boolean;
  representative: string | null;
  reason: string | null;
  best: Match | null;
  prominence: number;
  participant: boolean;
}

export interface ImportedRow {
  row: number;
  cast_id: string;
  name: string;
  verdict: string;
  message: string;
}

export interface KafkaHolding {
  topic: string;
  holds: string;
  until: string;
}

export interface KeepApart {
  kind?: "not_same";
  first: string;
  second: string;
  why?: string | null;
}

export interface LaterRequest {
  id: string;
  later?: boolean;
}

export interface LeftoverTrack {
  member: ClusterMember;
  reason: string;
}

export interface Likeness {
  sighting: Sighting;
  distance: number;
  probability: number | null;
}

export interface LinkChange {
  version: number;
  action: "link" | "unlink" | "dismiss" | "restore" | "extra" | "settle" | "references" | "undo" | "redo";
  identity_id: string;
  cast_id: string | null;
  who: string;
  at: string;
  event_id: string;
  before: CastLink | null;
  after: CastLink | null;
  dismissed_before: Array<Dismissal>;
  dismissed_after: Array<Dismissal>;
  undoes: number | null;
}

export interface LinkCommand {
  version: number;
  command_id: string;
  action: "link" | "unlink" | "dismiss" | "restore" | "extra" | "settle" | "references" | "undo" | "redo";
  who: string;
  at: string;
  why: string | null;
  changes: Array<LinkChange>;
  target: number | null;
  references: Array<TakenFace>;
  new_member: string | null;
}

export interface LinkRequest {
  cast_id: string;
  why?: string | null;
}

export interface LinksOutcome {
  version: number;
  changed: boolean;
  changes: Array<LinkChange>;
  revision: number | null;
}

export interface LinksView {
  ep_id: string;
  version: number;
  run_id: string;
  revision: number;
  links: Array<CastLink>;
  dismissed: Array<Dismissal>;
  resting: Array<string>;
  history: Array<LinkCommand>;
  undoable: number | null;
  redoable: number | null;
}

export interface LockCluster {
  kind?: "lock";
  identity_id: string;
  why?: string | null;
}

export interface Match {
  cast_id: string;
  name: string | null;
  probability: number;
  distance: number;
  seen_as: Array<string>;
}

export interface MemberDetail {
  cast_id: string;
  name: string;
  pictures: number;
  consent: Consent | null;
  details: MemberDetails;
  linked: Record<string, number>;
}

export interface MemberDetails {
  external_ids: PersonIds;
  role: string | null;
  characters: Array<string>;
  attributes: Record<string, unknown>;
  in_episodes: Record<string, unknown>;
}

export interface MemberView {
  cast_id: string;
  name: string;
  pictures: number;
  consent: Consent | null;
  details: MemberDetails;
}

export interface MergeClusters {
  kind?: "merge";
  target: string;
  sources: Array<string>;
  why?: string | null;
}

export interface Moment {
  t_s: number;
  cast: Array<VisiblePerson>;
  unidentified: Array<VisiblePerson>;
}

export interface MoveTimeRange {
  kind?: "move_range";
  track_id: string;
  start_s: number;
  end_s: number;
  target?: string | null;
  why?: string | null;
}

export interface MoveTracks {
  kind?: "move_tracks";
  track_ids: Array<string>;
  source?: string | null;
  target?: string | null;
  why?: string | null;
}

export interface NamedGroup {
  people: number;
  seconds: number;
  person_seconds: number;
  share: number;
  value: string;
}

export interface NewConsent {
  basis: "consent" | "contract" | "legal_obligation" | "vital_interest" | "public_interest" | "legitimate_interest";
  given_on: string;
  note?: string | null;
}

export interface NewEpisode {
  show: string;
  season: number;
  episode: number;
  title?: string | null;
  air_date?: string | null;
  data?: Record<string, unknown> | null;
  external_ids?: GivenIds | null;
}

export interface NewErasure {
  cast_id: string;
  names?: Array<string>;
}

export interface NewMember {
  name: string;
  cast_id?: string | null;
}

export interface NewMemberFromIdentity {
  name: string;
  cast_id?: string | null;
  references?: number;
  why?: string | null;
}

export interface NewRun {
  profile?: "low_power" | "balanced" | "high_accuracy";
  force?: boolean;
  video_stream?: number | null;
  reuse_tracks?: boolean;
  reason?: string | null;
}

export interface NewShow {
  name: string;
  show?: string | null;
}

export interface NewUpload {
  ep_id: string;
  filename: string;
  bytes: number;
  sha256: string;
  media_type?: string;
  profile?: "low_power" | "balanced" | "high_accuracy";
  title?: string | null;
  start?: boolean;
  force?: boolean;
}

export interface NewWebhook {
  url: string;
  events?: Array<"screentime.reported" | "screentime.signed" | "episode.failed" | "run.started" | "run.cancelled" | "cast.linked" | "links.changed" | "clusters.edited" | "cast.changed" | "cast.described" | "facebank.updated" | "episode.changed" | "episode.deleted" | "show.deleted" | "person.erased">;
  shows?: Array<string>;
  cast_ids?: Array<string>;
  min_visible_s?: number | null;
  description?: string;
}

export interface OutlyingTrack {
  member: ClusterMember;
  distance: number;
  nearest_other: string | null;
  distance_to_other: number | null;
}

export interface Overlap {
  start_s: number;
  end_s: number;
}

export interface Overrides {
  merge_distance?: number | null;
  farthest_ratio?: number | null;
  good_ratio?: number | null;
  poor_ratio?: number | null;
  margin_ratio?: number | null;
}

export interface PageAuditEntry {
  items: Array<AuditEntry>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageClash {
  items: Array<Clash>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageClusterMember {
  items: Array<ClusterMember>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageDeliveryView {
  items: Array<DeliveryView>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageDuplicatePair {
  items: Array<DuplicatePair>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageEditEntry {
  items: Array<EditEntry>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageEpisodeView {
  items: Array<EpisodeView>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageErasureReceipt {
  items: Array<ErasureReceipt>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageFoundEpisode {
  items: Array<FoundEpisode>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageFoundPerson {
  items: Array<FoundPerson>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageLeftoverTrack {
  items: Array<LeftoverTrack>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageMemberView {
  items: Array<MemberView>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageOutlyingTrack {
  items: Array<OutlyingTrack>;
  next_cursor: string | null;
  total: number | null;
}

export interface PagePerson {
  items: Array<Person>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageReviewEntry {
  items: Array<ReviewEntry>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageRevisionSummary {
  items: Array<RevisionSummary>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageRunView {
  items: Array<RunView>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageShowView {
  items: Array<ShowView>;
  next_cursor: string | null;
  total: number | null;
}

export interface PageWebhookView {
  items: Array<WebhookView>;
  next_cursor: string | null;
  total: number | null;
}

export interface Pair {
  identity_id: string;
  cast_id?: string | null;
  why?: string | null;
}

export interface PartUrl {
  part: number;
  bytes: number;
  url: string;
}

export interface Person {
  cast_id: string | null;
  name: string | null;
  visible_s: number;
  sightings: Array<Sighting>;
}

export interface PersonDifference {
  id: string;
  kind: "cast" | "unidentified";
  name_before: string | null;
  name_after: string | null;
  before_s: number | null;
  after_s: number | null;
  change_s: number;
  gained_s: number;
  lost_s: number;
  gained: Array<[number, number]>;
  lost: Array<[number, number]>;
}

export interface PersonIds {
  imdb: string | null;
  wikidata: string | null;
}

export interface PersonInRuns {
  cast_id: string;
  name: string;
  a_s: number;
  b_s: number;
  difference_s: number;
}

export interface PersonPresent {
  id: string;
  name: string;
  screen: string;
  subject: string | null;
  since: string;
}

export interface PersonTogether {
  id: string;
  name: string;
  visible_s: number;
  share: number;
}

export interface PictureEntry {
  picture: string;
  filename: string | null;
  quality: number;
  used: boolean;
  duplicate_of: string | null;
  looks_like: string | null;
  model_id: string;
  added_at: string | null;
  url: string | null;
  source: FaceOfEpisode | null;
  resting: boolean;
}

export interface PictureRequest {
  pictures: Array<string>;
}

export interface PictureUrl {
  picture: string;
  url: string;
}

export interface PictureUrls {
  expires_s: number;
  pictures: Array<PictureUrl>;
}

export interface PictureVerdict {
  cast_id: string;
  filename: string;
  accepted: boolean;
  code: string;
  message: string;
}

export interface PictureVerdicts {
  facebank_revision: number;
  accepted: number;
  verdicts: Array<PictureVerdict>;
}

export interface PicturesEmbedded {
  model_id: string;
  pictures: number;
  changed: number;
  failed: Array<string>;
}

export interface PlaybackView {
  ep_id: string;
  state: "ready" | "not_made" | "queued" | "making" | "failed";
  source: "original" | "proxy";
  why: string | null;
  starts_at_s: number;
  fraction: number | null;
  failure: Failure | null;
  url: string | null;
  url_expires_in_s: number | null;
}

export interface Preview {
  clusters_before: number;
  clusters_after: number;
  unassigned_tracks_before: number;
  unassigned_tracks_after: number;
  changes: Array<PreviewedIdentity>;
  unchanged: number;
  new_warnings: Array<string>;
}

export interface PreviewedIdentity {
  identity_id: string;
  change: "appears" | "vanishes" | "changes";
  label: string | null;
  gained_track_ids: Array<string>;
  lost_track_ids: Array<string>;
  seconds_before: number;
  seconds_after: number;
}

export interface ProgrammeIds {
  eidr: string | null;
  isan: string | null;
  imdb: string | null;
  wikidata: string | null;
}

export interface PutOff {
  later: number;
}

export interface Question {
  id: string;
  kind: "is_this" | "who" | "same" | "two" | "belongs" | "two_places" | "leftover" | "extras";
  sentence: string;
  worth_s: number;
  at_stake_s: number;
  doubt: number;
  keys: number;
  later: boolean;
  identity_id: string;
  identity_ids: Array<string>;
  other_id: string | null;
  cast_id: string | null;
  cast_name: string | null;
  track_ids: Array<string>;
  choices: Array<Choice>;
  conflict: Overlap | null;
  answers: Array<AnswerRequest>;
  evidence: Array<Evidence>;
  against: Array<Evidence>;
  references: Array<ReferencePicture>;
}

export interface ReclusterEpisode {
  kind?: "recluster";
  overrides: Overrides;
  why?: string | null;
}

export interface ReferencePicture {
  cast_id: string;
  picture: string;
}

export interface ReferencesOutcome {
  version: number;
  changed: boolean;
  changes: Array<LinkChange>;
  revision: number | null;
  references: Array<TakenFace>;
}

export interface Registration {
  uri: string;
  sha256?: string | null;
  media_type?: string;
  profile?: "low_power" | "balanced" | "high_accuracy";
  title?: string | null;
  start?: boolean;
  force?: boolean;
}

export interface RemovedMember {
  cast_id: string;
  links: Record<string, number>;
  pictures: number;
}

export interface RenameCluster {
  kind?: "rename";
  identity_id: string;
  label: string | null;
  why?: string | null;
}

export interface Renaming {
  name: string;
}

export interface ReplayRequest {
  message_ids?: Array<string>;
  state?: "waiting" | "delivered" | "dead" | null;
}

export interface Replayed {
  messages: number;
}

export interface Representatives {
  identity_id: string;
  revision: number;
  cast_id: string | null;
  label: string | null;
  tracks: number;
  faces: number;
  representatives: Array<Face>;
}

export interface RestRequest {
  below_s?: number | null;
  why?: string | null;
}

export interface RestoreTracks {
  kind?: "restore";
  track_ids: Array<string>;
  why?: string | null;
}

export interface ResumedRun {
  ep_id: string;
  run_id: string;
  segments_asked: number;
}

export interface ReviewEntry {
  identity_id: string;
  doubt: number;
  visible_s: number;
  worth: number;
  linked_to: string | null;
  suggestions: Suggestions;
}

export interface ReviewQueue {
  run_id: string;
  revision: number;
  grouping_revision: number;
  links_version: number;
  edits_version: number;
  undecided_s: number;
  decided_s: number;
  extras_s: number;
  total_s: number;
  pays: number;
  later: number;
  total: number;
  questions: Array<Question>;
}

export interface RevisionFile {
  name: string;
  sha256: string;
  bytes: number;
  media_type: string;
}

export interface RevisionFileList {
  run_id: string;
  revision: number;
  at: string;
  grouping_revision: number | null;
  edits_version: number | null;
  links_version: number | null;
  files: Array<RevisionFile>;
}

export interface RevisionName {
  run_id: string;
  revision: number;
}

export interface RevisionSummary {
  run_id: string;
  revision: number;
  at: string;
  current: boolean;
  changes: Array<string>;
  duration_s: number;
  cast: Array<VisibleSeconds>;
  unidentified: number;
  warnings: Array<string>;
  warning_details: Array<Warning>;
  signed_off: SignOff | null;
}

export interface RunComparison {
  a: RunSide;
  b: RunSide;
  differs: Array<string>;
  metric_differences: Record<string, number>;
  people: Array<PersonInRuns>;
  unidentified_a: number | null;
  unidentified_b: number | null;
}

export interface RunSide {
  run_id: string;
  state: string;
  profile: string;
  video_sha256: string;
  segments: number;
  duration_s: number;
  wall_s: number | null;
  report_revision: number | null;
  models: Record<string, string>;
  metrics: Record<string, number>;
  stage_seconds: Record<string, number>;
}

export interface RunStatus {
  ep_id: string;
  run_id: string;
  state: string;
  profile: string;
  segments: number;
  duration_s: number;
  stages: Record<string, StageProgress>;
  fraction: number;
  rate: number | null;
  seconds_left: number | null;
  created_at: string;
  progressed_at: string;
  finished_at: string | null;
  failure: Failure | null;
  report_revision: number | null;
}

export interface RunView {
  ep_id: string;
  run_id: string;
  state: "requested" | "running" | "finished" | "failed" | "cancelled" | "superseded";
  profile: string;
  created_at: string;
  finished_at: string | null;
  segments: number | null;
  duration_s: number | null;
  fraction: number;
  video_sha256: string | null;
  superseded_by: string | null;
  failure: Failure | null;
  report_revision: number | null;
  signed_off: SignOff | null;
  asked_by: string | null;
}

export interface ScreenTimeDifference {
  before: RevisionName;
  after: RevisionName;
  people: Array<PersonDifference>;
  unchanged: number;
  unidentified_compared: boolean;
  any_face_before_s: number;
  any_face_after_s: number;
  sentences: Array<string>;
}

export interface ScreenTimeDocument {
  episode_id: string;
  run_id: string;
  revision: number;
  duration_s: number;
  cast: Array<CastScreenTime>;
  unidentified: Array<UnidentifiedScreenTime>;
  figures: Array<UnidentifiedScreenTime>;
  co_appearance_s: Array<CoAppearance>;
  coverage: Coverage;
  warnings: Array<string>;
  warning_details: Array<Warning>;
  changes: Array<string>;
  models: Record<string, string>;
  starts_at_s: number;
  timecode: string | null;
  signed_off: SignOff | null;
  external_ids: ProgrammeIds;
  show_external_ids: ProgrammeIds;
  schema_version: number;
}

export interface ScreenTimeFile {
  name: string;
  url: string;
  expires_s: number;
  sha256: string;
  bytes: number;
  media_type: string;
}

export interface SeasonSeconds {
  season: number;
  episodes: number;
  seconds: number;
}

export interface SessionView {
  name: string;
  role: "viewer" | "operator" | "admin";
  shows: Array<string> | null;
  by: "session" | "key" | "token" | "nothing";
  expires_at: string | null;
  csrf_token: string | null;
}

export interface SettleRequest {
  id: string;
  why?: string | null;
}

export interface SharedStretch {
  first: [number, number];
  second: [number, number];
  shift_s: number;
}

export interface ShotColumns {
  shot_id: Array<string>;
  start_ms: Array<number>;
  end_ms: Array<number>;
}

export interface ShowTotals {
  show: string;
  season: number | null;
  seasons: Array<number>;
  episodes: number;
  duration_s: number;
  cast: Array<CastTotal>;
}

export interface ShowView {
  show: string;
  name: string | null;
  members: number;
  facebank_revision: number;
  episodes: number;
  external_ids: ProgrammeIds;
}

export interface Sighting {
  ep_id: string;
  identity_id: string;
  cast_id: string | null;
  label: string | null;
  visible_s: number;
  row: number | null;
  representative: string | null;
}

export interface SignInOptions {
  authentication: boolean;
  key: boolean;
  token: boolean;
  oidc_start: string | null;
}

export interface SignOff {
  run_id: string;
  revision: number;
  who: string;
  at: string;
  note: string | null;
  undecided_s: number;
  total_s: number;
  open_questions: number;
  at_stake_s: number;
  stale: boolean;
  changes: Array<string>;
}

export interface SignOffEntry {
  version: number;
  action: string;
  who: string;
  at: string;
  note: string | null;
  run_id: string | null;
  revision: number | null;
  target: number | null;
  active: boolean;
}

export interface SignOffRequest {
  revision: number;
  run_id?: string | null;
  note?: string | null;
}

export interface SignOffView {
  version: number;
  signed_off: SignOff | null;
  revision: number | null;
  history: Array<SignOffEntry>;
}

export interface SkippedSuggestion {
  identity_id: string;
  code: string;
  reason: string;
}

export interface SplitCluster {
  kind?: "split";
  identity_id: string;
  track_ids: Array<string>;
  why?: string | null;
}

export interface SplitInTwo {
  identity_id: string;
  why?: string | null;
}

export interface Sprite {
  sprite: string;
  cell_px: number;
  columns: number;
  rows: number;
  pictures: Array<string>;
}

export interface SpriteRequest {
  pictures: Array<string>;
  cell_px?: number;
}

export interface StageProgress {
  done: number;
  total: number;
  fraction: number;
}

export interface StartedRun {
  ep_id: string;
  run_id: string;
  created: boolean;
}

export interface Step {
  version?: number | null;
  why?: string | null;
}

export interface Suggestions {
  identity_id: string;
  matches: Array<Match>;
  margin: number;
  reason: string | null;
  dismissed: Array<string | null>;
  prominence: number;
  participant: boolean;
}

export interface TakeFaces {
  count?: number;
  face_ids?: Array<string>;
  why?: string | null;
}

export interface TakenFace {
  cast_id: string;
  picture: string;
  run_id: string;
  track_id: string;
  face_id: string;
  t_s: number;
}

export interface TemporalMatch {
  identity_id: string;
  cast_id: string;
  name: string | null;
  score: number;
  track_id: string;
  neighbour_track_id: string;
  overlap: number;
  gap_s: number;
  same_shot: boolean;
}

export interface Timeline {
  run_id: string;
  revision: number;
  grouping_revision: number;
  links_version: number;
  edits_version: number;
  duration_s: number;
  starts_at_s: number;
  cuts_ms: Array<number>;
  shots: ShotColumns;
  identities: IdentityColumns;
  tracks: TrackColumns;
}

export interface Together {
  a: PersonTogether;
  b: PersonTogether;
  seconds: number;
  intervals_s: Array<[number, number]>;
}

export interface TrackColumns {
  track_id: Array<string>;
  identity: Array<number>;
  shot: Array<number>;
  start_ms: Array<number>;
  end_ms: Array<number>;
  quality: Array<number>;
  faces: Array<number>;
  low_quality: Array<boolean>;
  distance: Array<number | null>;
  picture: Array<string | null>;
  rejection: Array<string | null>;
}

export interface TrackFaces {
  track_id: string;
  revision: number;
  identity_id: string | null;
  shot_id: string;
  start_s: number;
  end_s: number;
  detections: number;
  mean_size: number;
  rejection: string | null;
  quality: TrackQuality;
  faces: Array<Face>;
}

export interface TrackQuality {
  mean: number;
  best: number;
  faces: number;
  usable: number;
}

export interface TryView {
  at: string;
  took_s: number;
  status: number | null;
  error: string | null;
}

export interface TwoPeople {
  identity_id: string;
  is_two: boolean;
  verdict: string;
  first: Array<string>;
  second: Array<string>;
  separation: number;
  spread: number;
  simultaneous: number;
}

export interface UnidentifiedScreenTime {
  identity_id: string;
  visible_s: number;
  intervals_s: Array<[number, number]>;
  tracks: number;
  reason: string;
  reason_code: "nobody_similar" | "too_small_to_recognise" | "poor_pictures" | "no_cast" | "extra" | "picture_or_figure" | null;
  representative: string | null;
  label: string | null;
  present_s: number | null;
  present_intervals_s: Array<[number, number]>;
  prominence: number | null;
  participant: boolean;
  shown: Array<Appearance>;
  extra: boolean;
  probably_not_a_person: number | null;
}

export interface UnlockCluster {
  kind?: "unlock";
  identity_id: string;
  why?: string | null;
}

export interface UploadView {
  upload_id: string;
  ep_id: string;
  state: string;
  bytes: number;
  part_bytes: number;
  parts: number;
  uploaded: Array<number>;
  missing: number;
  urls: Array<PartUrl>;
  urls_expire_in_s: number | null;
  run_id: string | null;
}

export interface Version {
  ep_id: string;
  run_id: string;
  revision: number;
  duration_s: number;
  only_here_s: number;
  only_here: Array<[number, number]>;
}

export interface VersionComparison {
  first: Version;
  second: Version;
  shared_s: number;
  shared: Array<SharedStretch>;
  people: Array<VersionPerson>;
}

export interface VersionPerson {
  id: string;
  name: string;
  first_s: number;
  second_s: number;
  change_s: number;
  lost_s: number;
  won_s: number;
  otherwise_s: number;
  lost: Array<[number, number]>;
  won: Array<[number, number]>;
}

export interface VideoView {
  ep_id: string;
  url: string;
  url_expires_in_s: number;
  sha256: string | null;
  bytes: number | null;
  media_type: string;
  filename: string | null;
  duration_s: number | null;
  width: number | null;
  height: number | null;
  codec: string | null;
  fps: number | null;
  video_stream: number | null;
  starts_at_s: number | null;
  timecode: string | null;
}

export interface VisiblePerson {
  id: string;
  name: string;
  interval_s: [number, number];
}

export interface VisibleSeconds {
  cast_id: string;
  name: string;
  visible_s: number;
  external_ids: PersonIds | null;
  role: string | null;
  characters: Array<string>;
}

export interface Warning {
  code: string;
  sentence: string;
  where: WarningPlace | null;
}

export interface WarningPlace {
  start_s: number | null;
  end_s: number | null;
  segment: number | null;
  stream: number | null;
  subject: string | null;
}

export interface WebhookChange {
  url?: string | null;
  events?: Array<"screentime.reported" | "screentime.signed" | "episode.failed" | "run.started" | "run.cancelled" | "cast.linked" | "links.changed" | "clusters.edited" | "cast.changed" | "cast.described" | "facebank.updated" | "episode.changed" | "episode.deleted" | "show.deleted" | "person.erased"> | null;
  shows?: Array<string> | null;
  cast_ids?: Array<string> | null;
  min_visible_s?: number | null;
  description?: string | null;
  enabled?: boolean | null;
}

export interface WebhookView {
  webhook_id: string;
  url: string;
  events: Array<"screentime.reported" | "screentime.signed" | "episode.failed" | "run.started" | "run.cancelled" | "cast.linked" | "links.changed" | "clusters.edited" | "cast.changed" | "cast.described" | "facebank.updated" | "episode.changed" | "episode.deleted" | "show.deleted" | "person.erased">;
  shows: Array<string>;
  cast_ids: Array<string>;
  min_visible_s: number | null;
  description: string;
  enabled: boolean;
  why_off: string | null;
  created_at: string;
  created_by: string;
}

export interface WebhookWithSecret {
  webhook_id: string;
  url: string;
  events: Array<"screentime.reported" | "screentime.signed" | "episode.failed" | "run.started" | "run.cancelled" | "cast.linked" | "links.changed" | "clusters.edited" | "cast.changed" | "cast.described" | "facebank.updated" | "episode.changed" | "episode.deleted" | "show.deleted" | "person.erased">;
  shows: Array<string>;
  cast_ids: Array<string>;
  min_visible_s: number | null;
  description: string;
  enabled: boolean;
  why_off: string | null;
  created_at: string;
  created_by: string;
  secret: string;
}

export interface WhichEdit {
  edit_id?: string | null;
  why?: string | null;
}

export interface WhichStep {
  step?: string | null;
  why?: string | null;
}
