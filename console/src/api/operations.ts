// Generated from openapi.json by `python -m screenalytics.openapi.export`; do not edit.
import type * as t from "./types";
import { address, call, segment, type Answer, type Options } from "./transport";

/** Throw an unfinished upload away. */
export const abortUpload = (uploadId: string, options?: Options): Promise<Answer<t.UploadView>> =>
  call<t.UploadView>("DELETE", `/uploads/${segment(uploadId)}`, undefined, undefined, options);

/** Add somebody to the cast; the same person again changes nothing. */
export const addCastMember = (show: string, body: t.NewMember, options?: Options): Promise<Answer<t.MemberDetail>> =>
  call<t.MemberDetail>("POST", `/shows/${segment(show)}/cast`, body, undefined, options);

/** Add reference pictures of a cast member, with a verdict on each; they change suggestions, never links. */
export const addPictures = (show: string, castId: string, body: FormData, options?: Options): Promise<Answer<t.PictureVerdicts>> =>
  call<t.PictureVerdicts>("POST", `/shows/${segment(show)}/cast/${segment(castId)}/pictures`, body, undefined, options);

/** Link everybody whose suggestion is sure enough, as one change; locks and people's decisions stay. */
export const applyAllSuggestions = (epId: string, body: t.ApplyAll, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.ApplyOutcome>> =>
  call<t.ApplyOutcome>("POST", `/suggestions/${segment(epId)}/apply-all`, body, query, options);

/** Link an identity as suggested. */
export const applySuggestion = (epId: string, body: t.Application, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.LinksOutcome>> =>
  call<t.LinksOutcome>("POST", `/suggestions/${segment(epId)}/apply`, body, query, options);

/** Tell that a page is open on the episode, and what it shows; again every ten seconds or so. */
export const bePresent = (epId: string, body: t.Beat, options?: Options): Promise<Answer<t.Heard>> =>
  call<t.Heard>("PUT", `/changes/${segment(epId)}/presence`, body, undefined, options);

/** Begin an upload in parts: the answer says where to PUT them. */
export const beginUpload = (body: t.NewUpload, options?: Options): Promise<Answer<t.UploadView>> =>
  call<t.UploadView>("POST", `/uploads`, body, undefined, options);

/** Close a run that is not finished; a cancelled one stays so. */
export const cancelRun = (epId: string, runId: string, options?: Options): Promise<Answer<t.RunView>> =>
  call<t.RunView>("POST", `/episodes/${segment(epId)}/runs/${segment(runId)}/cancel`, undefined, undefined, options);

/** Change a webhook, or turn it off and on. What happens while it is off is not told later. */
export const changeWebhook = (webhookId: string, body: t.WebhookChange, options?: Options): Promise<Answer<t.WebhookView>> =>
  call<t.WebhookView>("PATCH", `/webhooks/${segment(webhookId)}`, body, undefined, options);

/** Compare two runs: plan, models, durations, metrics, and screen time of each person. */
export const compareRuns = (epId: string, query: { a: string; b: string }, options?: Options): Promise<Answer<t.RunComparison>> =>
  call<t.RunComparison>("GET", `/episodes/${segment(epId)}/runs/compare`, undefined, query, options);

/** Compare two revisions: seconds before and after, times gained and lost, and sentences. */
export const compareScreenTime = (epId: string, query: { from: number; to: number; from_run?: string | null; to_run?: string | null }, options?: Options): Promise<Answer<t.ScreenTimeDifference>> =>
  call<t.ScreenTimeDifference>("GET", `/screen-time/${segment(epId)}/diff`, undefined, query, options);

/** Lay another version of a programme beside this one by their pictures: who lost or won how many seconds, and where. */
export const compareVersions = (epId: string, query: { other: string }, options?: Options): Promise<Answer<t.VersionComparison>> =>
  call<t.VersionComparison>("GET", `/screen-time/${segment(epId)}/versions`, undefined, query, options);

/** Check what came by size and sha256, make it the episode's video, and begin a run where that was wanted. */
export const completeUpload = (uploadId: string, options?: Options): Promise<Answer<t.UploadView>> =>
  call<t.UploadView>("POST", `/uploads/${segment(uploadId)}/complete`, undefined, undefined, options);

/** Create an episode; one that is there already is answered as it is, with 200. */
export const createEpisode = (body: t.NewEpisode, options?: Options): Promise<Answer<t.EpisodeView>> =>
  call<t.EpisodeView>("POST", `/episodes`, body, undefined, options);

/** Create a show; the same show again changes nothing. */
export const createShow = (body: t.NewShow, options?: Options): Promise<Answer<t.ShowView>> =>
  call<t.ShowView>("POST", `/shows`, body, undefined, options);

/** Tell an address what happens from now on. The answer has the secret, which is shown this once. */
export const createWebhook = (body: t.NewWebhook, options?: Options): Promise<Answer<t.WebhookWithSecret>> =>
  call<t.WebhookWithSecret>("POST", `/webhooks`, body, undefined, options);

/** Delete an episode with everything that is kept of it: gone at once, removed everywhere soon after. */
export const deleteEpisode = (epId: string, options?: Options): Promise<Answer<t.DeletedEpisode>> =>
  call<t.DeletedEpisode>("DELETE", `/episodes/${segment(epId)}`, undefined, undefined, options);

/** Remove one reference picture; the answer is how many went. */
export const deletePicture = (show: string, castId: string, picture: string, options?: Options): Promise<Answer<number>> =>
  call<number>("DELETE", `/shows/${segment(show)}/cast/${segment(castId)}/pictures/${segment(picture)}`, undefined, undefined, options);

/** Remove all reference pictures of a cast member; the answer is how many went. */
export const deletePictures = (show: string, castId: string, options?: Options): Promise<Answer<number>> =>
  call<number>("DELETE", `/shows/${segment(show)}/cast/${segment(castId)}/pictures`, undefined, undefined, options);

/** Delete a show with its cast, pictures and all its episodes; they follow within a minute or two. */
export const deleteShow = (show: string, options?: Options): Promise<Answer<t.DeletedShow>> =>
  call<t.DeletedShow>("DELETE", `/shows/${segment(show)}`, undefined, undefined, options);

/** Delete a webhook with its log and all that was to be told. */
export const deleteWebhook = (webhookId: string, options?: Options): Promise<Answer<boolean>> =>
  call<boolean>("DELETE", `/webhooks/${segment(webhookId)}`, undefined, undefined, options);

/** Say ids, role, characters and attributes of a cast member, in the place of what was said before. */
export const describeCastMember = (show: string, castId: string, body: t.GivenDetails, options?: Options): Promise<Answer<t.MemberDetail>> =>
  call<t.MemberDetail>("PUT", `/shows/${segment(show)}/cast/${segment(castId)}/details`, body, undefined, options);

/** Never suggest a pair again; an automatic link of it is taken away. */
export const dismissSuggestion = (epId: string, body: t.Pair, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.LinksOutcome>> =>
  call<t.LinksOutcome>("POST", `/suggestions/${segment(epId)}/dismiss`, body, query, options);

/** Drop tracks that show nobody: a poster, a doll. */
export const dropTracks = (epId: string, body: t.DropTracks, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.EditAnswer>> =>
  call<t.EditAnswer>("POST", `/clusters/${segment(epId)}/drop`, body, query, options);

/** Give all reference pictures of a show the vectors of the served model; the same again changes nothing. */
export const embedPictures = (show: string, body: t.EmbedAgain, options?: Options): Promise<Answer<t.PicturesEmbedded>> =>
  call<t.PicturesEmbedded>("POST", `/shows/${segment(show)}/pictures/embed`, body, undefined, options);

/** Erase a person: out of the cast at once, out of everything else soon after; the receipt says how far it is. */
export const erasePerson = (show: string, body: t.NewErasure, options?: Options): Promise<Answer<t.ErasureReceipt>> =>
  call<t.ErasureReceipt>("POST", `/shows/${segment(show)}/erasures`, body, undefined, options);

/** Address. Export when people are visible: timelines, markers and cues for editing programs and players; or their boxes. */
export const exportAppearances = (epId: string, exchange: string, query?: { cast_id?: Array<string>; unidentified?: boolean; participants?: boolean; fps?: "23.976" | "24" | "25" | "29.97" | "30" | "50" | "59.94" | "60" | null; start_tc?: string | null; drop_frame?: boolean | null; record_tc?: string | null; gap_s?: number; min_s?: number; handles_s?: number; media?: string | null; cues?: "names" | "json"; revision?: number | null; run_id?: string | null }): string => address(`/screen-time/${segment(epId)}/export/${segment(exchange)}`, query);

/** Address. Answer with everything that is kept about a cast member, as one ZIP file. */
export const exportPerson = (show: string, castId: string): string => address(`/shows/${segment(show)}/cast/${segment(castId)}/export`);

/** Find the cast members that are visible in some seasons of a show, or in those only, most visible first. */
export const findCastMembers = (show: string, query?: { season?: Array<number>; only?: boolean; min_s?: number; limit?: number; cursor?: string | null }, options?: Options): Promise<Answer<t.PageFoundPerson>> =>
  call<t.PageFoundPerson>("GET", `/screen-time/shows/${segment(show)}/cast`, undefined, query, options);

/** Find the episodes of a show in which people are visible, together or any of them, for how long and when. */
export const findEpisodes = (show: string, query?: { cast_id?: Array<string>; match?: "together" | "any"; season?: number | null; min_s?: number; min_stretch_s?: number; participants?: boolean; limit?: number; cursor?: string | null }, options?: Options): Promise<Answer<t.PageFoundEpisode>> =>
  call<t.PageFoundEpisode>("GET", `/screen-time/shows/${segment(show)}/episodes`, undefined, query, options);

/** Say when two people are visible at the same time. */
export const findSharedTime = (epId: string, query: { a: string; b: string; revision?: number | null; run_id?: string | null }, options?: Options): Promise<Answer<t.Together>> =>
  call<t.Together>("GET", `/screen-time/${segment(epId)}/together`, undefined, query, options);

/** Who looks like one person in the show's other episodes, nearest first. */
export const findSimilarPeople = (show: string, query: { ep_id: string; identity_id: string; limit?: number }, options?: Options): Promise<Answer<Array<t.Likeness>>> =>
  call<Array<t.Likeness>>("GET", `/people/${segment(show)}/similar`, undefined, query, options);

/** Where this cluster would be cut in two, and whether it looks like two people at all. */
export const findTwoPeople = (epId: string, identityId: string, options?: Options): Promise<Answer<t.TwoPeople>> =>
  call<t.TwoPeople>("GET", `/clusters/${segment(epId)}/${segment(identityId)}/two-people`, undefined, undefined, options);

/** Say who is visible at a second of the episode. */
export const findVisiblePeople = (epId: string, query: { t_s: number; revision?: number | null; run_id?: string | null; participants?: boolean }, options?: Options): Promise<Answer<t.Moment>> =>
  call<t.Moment>("GET", `/screen-time/${segment(epId)}/at`, undefined, query, options);

/** Cut a clip of at most a minute, as WebM with the sound that can be decoded; the same one is cut only once. */
export const getClip = (epId: string, query: { start_s: number; end_s: number }, options?: Options): Promise<Answer<t.ClipView>> =>
  call<t.ClipView>("GET", `/episodes/${segment(epId)}/clip`, undefined, query, options);

/** Read an episode; the `ETag` is the version that a change of it is meant for. */
export const getEpisode = (epId: string, options?: Options): Promise<Answer<t.EpisodeView>> =>
  call<t.EpisodeView>("GET", `/episodes/${segment(epId)}`, undefined, undefined, options);

/** Tell how far the episode's current run is: pieces done of each stage, rate and time left. */
export const getEpisodeStatus = (epId: string, options?: Options): Promise<Answer<t.EpisodeStatus>> =>
  call<t.EpisodeStatus>("GET", `/episodes/${segment(epId)}/status`, undefined, undefined, options);

/** Read a run; one that was only just asked for is `requested`. */
export const getRun = (epId: string, runId: string, options?: Options): Promise<Answer<t.RunView>> =>
  call<t.RunView>("GET", `/episodes/${segment(epId)}/runs/${segment(runId)}`, undefined, undefined, options);

/** Tell which parts are there, with fresh URLs for those that are not: so an upload goes on after a break. */
export const getUpload = (uploadId: string, options?: Options): Promise<Answer<t.UploadView>> =>
  call<t.UploadView>("GET", `/uploads/${segment(uploadId)}`, undefined, undefined, options);

/** Tell duration, size, codec and frame rate of the video, and where to read it for a short while. */
export const getVideo = (epId: string, options?: Options): Promise<Answer<t.VideoView>> =>
  call<t.VideoView>("GET", `/episodes/${segment(epId)}/video`, undefined, undefined, options);

/** Say which ids a show has in other registries, in the place of those said before. */
export const identifyShow = (show: string, body: t.GivenProgrammeIds, options?: Options): Promise<Answer<t.ShowView>> =>
  call<t.ShowView>("PUT", `/shows/${segment(show)}/external-ids`, body, undefined, options);

/** Add many to the cast at once, with a verdict on each row; the same list again changes nothing. */
export const importCast = (show: string, body: t.CastImport, options?: Options): Promise<Answer<Array<t.ImportedRow>>> =>
  call<Array<t.ImportedRow>>("POST", `/shows/${segment(show)}/cast/import`, body, undefined, options);

/** Say that two clusters are never one person. */
export const keepClustersApart = (epId: string, body: t.KeepApart, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.EditAnswer>> =>
  call<t.EditAnswer>("POST", `/clusters/${segment(epId)}/not-same`, body, query, options);

/** Tell that a page was closed; `true` where it was there. */
export const leaveEpisode = (epId: string, query: { page: string }, options?: Options): Promise<Answer<boolean>> =>
  call<boolean>("DELETE", `/changes/${segment(epId)}/presence`, undefined, query, options);

/** Say that an identity is a cast member. */
export const linkIdentity = (epId: string, identityId: string, body: t.LinkRequest, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.LinksOutcome>> =>
  call<t.LinksOutcome>("PUT", `/links/${segment(epId)}/${segment(identityId)}`, body, query, options);

/** Say that this is somebody new: added to the cast, linked, and their best faces taken, as one change. */
export const linkNewMember = (epId: string, identityId: string, body: t.NewMemberFromIdentity, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.ReferencesOutcome>> =>
  call<t.ReferencesOutcome>("POST", `/links/${segment(epId)}/${segment(identityId)}/new-member`, body, query, options);

/** List the commands that were called, the latest first. */
export const listAudit = (query?: { ep_id?: string | null; show?: string | null; who?: string | null; cursor?: string | null; limit?: number }, options?: Options): Promise<Answer<t.PageAuditEntry>> =>
  call<t.PageAuditEntry>("GET", `/audit`, undefined, query, options);

/** The cast of a show. */
export const listCast = (show: string, query?: { limit?: number; cursor?: string | null }, options?: Options): Promise<Answer<t.PageMemberView>> =>
  call<t.PageMemberView>("GET", `/shows/${segment(show)}/cast`, undefined, query, options);

/** The people that the faces of an episode were grouped into. */
export const listClusters = (epId: string, query?: { limit?: number; cursor?: string | null; sort?: "identity_id" | "seconds" }, options?: Options): Promise<Answer<t.ClusterPage>> =>
  call<t.ClusterPage>("GET", `/clusters/${segment(epId)}`, undefined, query, options);

/** Cast members who are in two places at once. */
export const listConflicts = (epId: string, query?: { limit?: number }, options?: Options): Promise<Answer<t.PageClash>> =>
  call<t.PageClash>("GET", `/suggestions/${segment(epId)}/conflicts`, undefined, query, options);

/** Pairs of clusters that may be one person, nearest first; pairs that are known to be two are left out. */
export const listDuplicateClusters = (epId: string, query?: { limit?: number; cursor?: string | null }, options?: Options): Promise<Answer<t.PageDuplicatePair>> =>
  call<t.PageDuplicatePair>("GET", `/clusters/${segment(epId)}/duplicates`, undefined, query, options);

/** Who edited the clusters of an episode, when, why, and from what to what, the latest first. */
export const listEdits = (epId: string, query?: { limit?: number; cursor?: string | null }, options?: Options): Promise<Answer<t.PageEditEntry>> =>
  call<t.PageEditEntry>("GET", `/edits/${segment(epId)}`, undefined, query, options);

/** List the episodes of the shows you may see. */
export const listEpisodes = (query?: { show?: string | null; state?: "requested" | "running" | "finished" | "failed" | "cancelled" | "superseded" | null; q?: string | null; sort?: "updated" | "air_date" | "ep_id"; cursor?: string | null; limit?: number }, options?: Options): Promise<Answer<t.PageEpisodeView>> =>
  call<t.PageEpisodeView>("GET", `/episodes`, undefined, query, options);

/** The erasures of a show. */
export const listErasures = (show: string, query?: { limit?: number; cursor?: string | null }, options?: Options): Promise<Answer<t.PageErasureReceipt>> =>
  call<t.PageErasureReceipt>("GET", `/shows/${segment(show)}/erasures`, undefined, query, options);

/** The people of an episode, most visible first, with names, seconds and best suggestions. */
export const listIdentities = (epId: string, query?: { state?: "all" | "linked" | "unidentified"; participants?: boolean; limit?: number; cursor?: string | null }, options?: Options): Promise<Answer<t.IdentityPage>> =>
  call<t.IdentityPage>("GET", `/identities/${segment(epId)}`, undefined, query, options);

/** Tracks of nobody known, each with its reason; dropped ones are among them. */
export const listLeftoverTracks = (epId: string, query?: { limit?: number; cursor?: string | null; pictures?: number }, options?: Options): Promise<Answer<t.PageLeftoverTrack>> =>
  call<t.PageLeftoverTrack>("GET", `/clusters/${segment(epId)}/leftovers`, undefined, query, options);

/** Tracks far from the centre of their cluster, or nearer to another one, the most doubtful first. */
export const listOutlyingTracks = (epId: string, query?: { limit?: number; cursor?: string | null; pictures?: number }, options?: Options): Promise<Answer<t.PageOutlyingTrack>> =>
  call<t.PageOutlyingTrack>("GET", `/clusters/${segment(epId)}/outliers`, undefined, query, options);

/** The people of a show over all its episodes, most visible first. */
export const listPeople = (show: string, query?: { state?: "all" | "linked" | "unidentified"; limit?: number; cursor?: string | null }, options?: Options): Promise<Answer<t.PagePerson>> =>
  call<t.PagePerson>("GET", `/people/${segment(show)}`, undefined, query, options);

/** The reference pictures of a cast member, with short-lived addresses to look at them. */
export const listPictures = (show: string, castId: string, options?: Options): Promise<Answer<Array<t.PictureEntry>>> =>
  call<Array<t.PictureEntry>>("GET", `/shows/${segment(show)}/cast/${segment(castId)}/pictures`, undefined, undefined, options);

/** List the faces that show a person best: sharp, frontal, typical, and spread over time. */
export const listRepresentatives = (epId: string, identityId: string, query?: { count?: number }, options?: Options): Promise<Answer<t.Representatives>> =>
  call<t.Representatives>("GET", `/media/${segment(epId)}/identities/${segment(identityId)}/representatives`, undefined, query, options);

/** Lone and poor tracks that joined the cluster they clearly resemble. */
export const listRescuedTracks = (epId: string, query?: { limit?: number; cursor?: string | null; pictures?: number }, options?: Options): Promise<Answer<t.PageClusterMember>> =>
  call<t.PageClusterMember>("GET", `/clusters/${segment(epId)}/rescued`, undefined, query, options);

/** List the runs of an episode, the latest first. */
export const listRuns = (epId: string, query?: { cursor?: string | null; limit?: number }, options?: Options): Promise<Answer<t.PageRunView>> =>
  call<t.PageRunView>("GET", `/episodes/${segment(epId)}/runs`, undefined, query, options);

/** List every file of a revision with its hash, and the versions of edits and links it is made from. */
export const listScreenTimeManifests = (epId: string, query?: { revision?: number | null; run_id?: string | null }, options?: Options): Promise<Answer<t.RevisionFileList>> =>
  call<t.RevisionFileList>("GET", `/screen-time/${segment(epId)}/manifests`, undefined, query, options);

/** List the revisions of all runs, the newest first. */
export const listScreenTimeRevisions = (epId: string, query?: { limit?: number; cursor?: string | null }, options?: Options): Promise<Answer<t.PageRevisionSummary>> =>
  call<t.PageRevisionSummary>("GET", `/screen-time/${segment(epId)}/revisions`, undefined, query, options);

/** Shows that have a cast or a reported episode. */
export const listShows = (query?: { limit?: number; cursor?: string | null }, options?: Options): Promise<Answer<t.PageShowView>> =>
  call<t.PageShowView>("GET", `/shows`, undefined, query, options);

/** Whom every identity of an episode may be. */
export const listSuggestions = (epId: string, query?: { participants?: boolean }, options?: Options): Promise<Answer<t.EpisodeSuggestions>> =>
  call<t.EpisodeSuggestions>("GET", `/suggestions/${segment(epId)}`, undefined, query, options);

/** Who may be the people nobody recognises, by place and time. */
export const listTemporalSuggestions = (epId: string, options?: Options): Promise<Answer<Array<t.TemporalMatch>>> =>
  call<Array<t.TemporalMatch>>("GET", `/suggestions/${segment(epId)}/temporal`, undefined, undefined, options);

/** What was and is to be told in the last two weeks, the latest event first, with every try. */
export const listWebhookDeliveries = (webhookId: string, query?: { state?: "waiting" | "delivered" | "dead" | null; limit?: number; cursor?: string | null }, options?: Options): Promise<Answer<t.PageDeliveryView>> =>
  call<t.PageDeliveryView>("GET", `/webhooks/${segment(webhookId)}/deliveries`, undefined, query, options);

/** Every webhook, the oldest first. */
export const listWebhooks = (query?: { limit?: number; cursor?: string | null }, options?: Options): Promise<Answer<t.PageWebhookView>> =>
  call<t.PageWebhookView>("GET", `/webhooks`, undefined, query, options);

/** Lock a cluster that is complete and right. */
export const lockCluster = (epId: string, body: t.LockCluster, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.EditAnswer>> =>
  call<t.EditAnswer>("POST", `/clusters/${segment(epId)}/lock`, body, query, options);

/** Make one JPEG of a person's best faces with their times, and a short-lived URL of it. */
export const makeContactSheet = (epId: string, identityId: string, query?: { columns?: number; count?: number }, options?: Options): Promise<Answer<t.ContactSheet>> =>
  call<t.ContactSheet>("GET", `/media/${segment(epId)}/identities/${segment(identityId)}/contact-sheet`, undefined, query, options);

/** Draw a person's best faces into one sheet, the best first, and say whose cell is whose. */
export const makeIdentitySprite = (epId: string, identityId: string, query?: { count?: number; cell_px?: number }, options?: Options): Promise<Answer<t.FaceSprite>> =>
  call<t.FaceSprite>("GET", `/media/${segment(epId)}/identities/${segment(identityId)}/sprite`, undefined, query, options);

/** Make short-lived URLs of crops and thumbnails of this episode. */
export const makePictureUrls = (epId: string, body: t.PictureRequest, options?: Options): Promise<Answer<t.PictureUrls>> =>
  call<t.PictureUrls>("POST", `/media/${segment(epId)}/urls`, body, undefined, options);

/** Have a proxy made where browsers do not play the video itself; the same one is made only once. */
export const makePlayable = (epId: string, options?: Options): Promise<Answer<t.PlaybackView>> =>
  call<t.PlaybackView>("POST", `/episodes/${segment(epId)}/playback`, undefined, undefined, options);

/** Draw many faces into one sheet of square cells, or find it drawn; read it at `/media/{ep_id}/sprites/{sprite}`. */
export const makeSprite = (epId: string, body: t.SpriteRequest, options?: Options): Promise<Answer<t.Sprite>> =>
  call<t.Sprite>("POST", `/media/${segment(epId)}/sprites`, body, undefined, options);

/** Say that people are background performers: nobody asks for their names, their seconds count apart. */
export const markExtras = (epId: string, body: t.ExtrasRequest, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.ExtrasOutcome>> =>
  call<t.ExtrasOutcome>("POST", `/extras/${segment(epId)}`, body, query, options);

/** Say that everybody without a name is a background performer, as one change. */
export const markRestAsExtras = (epId: string, body: t.RestRequest, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.ExtrasOutcome>> =>
  call<t.ExtrasOutcome>("POST", `/extras/${segment(epId)}/rest`, body, query, options);

/** Make one person of several clusters; the target keeps its id. */
export const mergeClusters = (epId: string, body: t.MergeClusters, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.EditAnswer>> =>
  call<t.EditAnswer>("POST", `/clusters/${segment(epId)}/merge`, body, query, options);

/** Give a time range of a track to another cluster, or to a new person. */
export const moveTimeRange = (epId: string, body: t.MoveTimeRange, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.EditAnswer>> =>
  call<t.EditAnswer>("POST", `/clusters/${segment(epId)}/move-range`, body, query, options);

/** Give tracks to another cluster, or to a new person. */
export const moveTracks = (epId: string, body: t.MoveTracks, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.EditAnswer>> =>
  call<t.EditAnswer>("POST", `/clusters/${segment(epId)}/move-tracks`, body, query, options);

/** What any edit would change, with its effect on screen time, without applying it. */
export const previewEdit = (epId: string, body: t.MergeClusters | t.SplitCluster | t.MoveTracks | t.MoveTimeRange | t.KeepApart | t.LockCluster | t.UnlockCluster | t.DropTracks | t.RestoreTracks | t.RenameCluster | t.ReclusterEpisode, options?: Options): Promise<Answer<t.Preview>> =>
  call<t.Preview>("POST", `/clusters/${segment(epId)}/preview`, body, undefined, options);

/** Put a question at the end of the queue, or back into its place; that decides nothing. */
export const putQuestionOff = (epId: string, body: t.LaterRequest, options?: Options): Promise<Answer<t.PutOff>> =>
  call<t.PutOff>("POST", `/review/${segment(epId)}/later`, body, undefined, options);

/** Read where faces are in the picture during a stretch of the episode. */
export const readBoxes = (epId: string, query: { from_s: number; to_s: number }, options?: Options): Promise<Answer<t.Boxes>> =>
  call<t.Boxes>("GET", `/timeline/${segment(epId)}/boxes`, undefined, query, options);

/** One cast member, and the episodes that name them. */
export const readCastMember = (show: string, castId: string, options?: Options): Promise<Answer<t.MemberDetail>> =>
  call<t.MemberDetail>("GET", `/shows/${segment(show)}/cast/${segment(castId)}`, undefined, undefined, options);

/** One cluster with its tracks, their times, quality and pictures. */
export const readCluster = (epId: string, identityId: string, query?: { limit?: number; cursor?: string | null; pictures?: number }, options?: Options): Promise<Answer<t.ClusterDetail>> =>
  call<t.ClusterDetail>("GET", `/clusters/${segment(epId)}/${segment(identityId)}`, undefined, query, options);

/** How healthy the clustering of an episode looks, with a sentence for everything that looks wrong. */
export const readClusterMetrics = (epId: string, options?: Options): Promise<Answer<t.ClusterHealth>> =>
  call<t.ClusterHealth>("GET", `/clusters/${segment(epId)}/metrics`, undefined, undefined, options);

/** The receipt of an erasure: what is gone, what is still to do, and what Kafka holds until when. */
export const readErasure = (show: string, erasureId: string, options?: Options): Promise<Answer<t.ErasureReceipt>> =>
  call<t.ErasureReceipt>("GET", `/shows/${segment(show)}/erasures/${segment(erasureId)}`, undefined, undefined, options);

/** Tell when each frame of the analysed video is shown, by the packets of the file; they are read once. */
export const readFrames = (epId: string, options?: Options): Promise<Answer<t.FramesView>> =>
  call<t.FramesView>("GET", `/episodes/${segment(epId)}/frames`, undefined, undefined, options);

/** Read who decided what about an episode, in order: clusters, links, extras, questions, sign-offs. */
export const readHistory = (epId: string, query?: { limit?: number; cursor?: string | null }, options?: Options): Promise<Answer<t.HistoryView>> =>
  call<t.HistoryView>("GET", `/history/${segment(epId)}`, undefined, query, options);

/** One person of an episode: tracks, intervals, link and suggestions. */
export const readIdentity = (epId: string, identityId: string, options?: Options): Promise<Answer<t.IdentityDetail>> =>
  call<t.IdentityDetail>("GET", `/identities/${segment(epId)}/${segment(identityId)}`, undefined, undefined, options);

/** All links and dismissed suggestions of an episode, with their history. */
export const readLinks = (epId: string, query?: { history?: number }, options?: Options): Promise<Answer<t.LinksView>> =>
  call<t.LinksView>("GET", `/links/${segment(epId)}`, undefined, query, options);

/** Address. Read one face's picture; its address names its content, so browsers keep it. */
export const readPicture = (epId: string, picture: string): string => address(`/media/${segment(epId)}/pictures/${segment(picture)}`);

/** Tell where a browser finds something that it can play: the video itself, or how far a proxy of it is. */
export const readPlayback = (epId: string, options?: Options): Promise<Answer<t.PlaybackView>> =>
  call<t.PlaybackView>("GET", `/episodes/${segment(epId)}/playback`, undefined, undefined, options);

/** Address. Read one reference picture; its address names its content, so browsers keep it. */
export const readReferenceImage = (show: string, castId: string, picture: string): string => address(`/shows/${segment(show)}/cast/${segment(castId)}/pictures/${segment(picture)}/image`);

/** Read what to ask a person about an episode, with evidence and the requests that answer it. */
export const readReview = (epId: string, query?: { limit?: number; participants?: boolean }, options?: Options): Promise<Answer<t.ReviewQueue>> =>
  call<t.ReviewQueue>("GET", `/review/${segment(epId)}`, undefined, query, options);

/** Whom to decide on first: the most uncertain who are on screen longest. */
export const readReviewQueue = (epId: string, query?: { limit?: number }, options?: Options): Promise<Answer<t.PageReviewEntry>> =>
  call<t.PageReviewEntry>("GET", `/suggestions/${segment(epId)}/review`, undefined, query, options);

/** Read who was visible when, with what this revision changed. */
export const readScreenTime = (epId: string, query?: { revision?: number | null; run_id?: string | null; participants?: boolean }, options?: Options): Promise<Answer<t.ScreenTimeDocument>> =>
  call<t.ScreenTimeDocument>("GET", `/screen-time/${segment(epId)}`, undefined, query, options);

/** Address. Say where a file of the screen time can be fetched for a short while, or answer with it. */
export const readScreenTimeFile = (epId: string, fileFormat: string, query?: { revision?: number | null; run_id?: string | null; inline?: boolean }): string => address(`/screen-time/${segment(epId)}/files/${segment(fileFormat)}`, query);

/** Tell who is calling, and what a page has to send with its session. */
export const readSession = (options?: Options): Promise<Answer<t.SessionView>> =>
  call<t.SessionView>("GET", `/session`, undefined, undefined, options);

/** One show. */
export const readShow = (show: string, options?: Options): Promise<Answer<t.ShowView>> =>
  call<t.ShowView>("GET", `/shows/${segment(show)}`, undefined, undefined, options);

/** Tell how one may sign in, to whoever asks. */
export const readSignInOptions = (options?: Options): Promise<Answer<t.SignInOptions>> =>
  call<t.SignInOptions>("GET", `/session/options`, undefined, undefined, options);

/** Read who signed the screen time off, how uncertain it was then, and whether it has changed since. */
export const readSignOff = (epId: string, options?: Options): Promise<Answer<t.SignOffView>> =>
  call<t.SignOffView>("GET", `/screen-time/${segment(epId)}/sign-off`, undefined, undefined, options);

/** Address. Read a sheet that was drawn before; browsers keep it. */
export const readSprite = (epId: string, sprite: string): string => address(`/media/${segment(epId)}/sprites/${segment(sprite)}`);

/** Whom one identity may be. */
export const readSuggestions = (epId: string, identityId: string, options?: Options): Promise<Answer<t.Suggestions>> =>
  call<t.Suggestions>("GET", `/suggestions/${segment(epId)}/${segment(identityId)}`, undefined, undefined, options);

/** Read tracks, people, shots and cuts of an episode as columns. */
export const readTimeline = (epId: string, options?: Options): Promise<Answer<t.Timeline>> =>
  call<t.Timeline>("GET", `/timeline/${segment(epId)}`, undefined, undefined, options);

/** Read a track, the quality of its faces and the faces themselves. */
export const readTrackFaces = (epId: string, trackId: string, options?: Options): Promise<Answer<t.TrackFaces>> =>
  call<t.TrackFaces>("GET", `/media/${segment(epId)}/tracks/${segment(trackId)}`, undefined, undefined, options);

/** One webhook. */
export const readWebhook = (webhookId: string, options?: Options): Promise<Answer<t.WebhookView>> =>
  call<t.WebhookView>("GET", `/webhooks/${segment(webhookId)}`, undefined, undefined, options);

/** Group the episode with other thresholds from here on. */
export const reclusterEpisode = (epId: string, body: t.ReclusterEpisode, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.EditAnswer>> =>
  call<t.EditAnswer>("POST", `/clusters/${segment(epId)}/recluster`, body, query, options);

/** Record the legal basis of a cast member, in the place of one that is there. */
export const recordConsent = (show: string, castId: string, body: t.NewConsent, options?: Options): Promise<Answer<t.Consent>> =>
  call<t.Consent>("PUT", `/shows/${segment(show)}/cast/${segment(castId)}/consent`, body, undefined, options);

/** Redo an undone edit, by default the one undone last. */
export const redoEdit = (epId: string, body: t.WhichEdit, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.EditAnswer>> =>
  call<t.EditAnswer>("POST", `/edits/${segment(epId)}/redo`, body, query, options);

/** Make the latest change that was taken back again, or the one named. */
export const redoLinkChange = (epId: string, body: t.Step, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.LinksOutcome>> =>
  call<t.LinksOutcome>("POST", `/links/${segment(epId)}/redo`, body, query, options);

/** Make again what was taken back last, or what is named. */
export const redoStep = (epId: string, body: t.WhichStep, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.HistoryOutcome>> =>
  call<t.HistoryOutcome>("POST", `/history/${segment(epId)}/redo`, body, query, options);

/** Make an object that is in the bucket already, below `raw/videos/{ep_id}/`, the episode's video. */
export const registerVideo = (epId: string, body: t.Registration, options?: Options): Promise<Answer<t.FiledVideo>> =>
  call<t.FiledVideo>("POST", `/episodes/${segment(epId)}/register`, body, undefined, options);

/** Remove a cast member with their pictures; refused while links name them, unless `unlink` says so. */
export const removeCastMember = (show: string, castId: string, query?: { unlink?: boolean }, options?: Options): Promise<Answer<t.RemovedMember>> =>
  call<t.RemovedMember>("DELETE", `/shows/${segment(show)}/cast/${segment(castId)}`, undefined, query, options);

/** Give a cast member another name; the reports that name them follow. */
export const renameCastMember = (show: string, castId: string, body: t.Renaming, options?: Options): Promise<Answer<t.MemberDetail>> =>
  call<t.MemberDetail>("PATCH", `/shows/${segment(show)}/cast/${segment(castId)}`, body, undefined, options);

/** Name a person who is nobody of the cast, or take the name away. */
export const renameCluster = (epId: string, body: t.RenameCluster, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.EditAnswer>> =>
  call<t.EditAnswer>("POST", `/clusters/${segment(epId)}/rename`, body, query, options);

/** Tell again what was told or given up, under the same ids: some messages, or all that are in a state. */
export const replayWebhook = (webhookId: string, body: t.ReplayRequest, options?: Options): Promise<Answer<t.Replayed>> =>
  call<t.Replayed>("POST", `/webhooks/${segment(webhookId)}/replay`, body, undefined, options);

/** Say that people are no background performers. */
export const restoreExtras = (epId: string, body: t.ExtrasRequest, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.ExtrasOutcome>> =>
  call<t.ExtrasOutcome>("POST", `/extras/${segment(epId)}/restore`, body, query, options);

/** Suggest a dismissed pair again. */
export const restoreSuggestion = (epId: string, body: t.Pair, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.LinksOutcome>> =>
  call<t.LinksOutcome>("POST", `/suggestions/${segment(epId)}/restore`, body, query, options);

/** Bring dropped tracks back. */
export const restoreTracks = (epId: string, body: t.RestoreTracks, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.EditAnswer>> =>
  call<t.EditAnswer>("POST", `/clusters/${segment(epId)}/restore`, body, query, options);

/** Take a failed or cancelled run up again: what it lacks is asked for within a few seconds. */
export const resumeRun = (epId: string, runId: string, options?: Options): Promise<Answer<t.ResumedRun>> =>
  call<t.ResumedRun>("POST", `/episodes/${segment(epId)}/runs/${segment(runId)}/resume`, undefined, undefined, options);

/** Make a new secret, shown this once; for a day messages are signed with the one before as well. */
export const rotateWebhookSecret = (webhookId: string, options?: Options): Promise<Answer<t.WebhookWithSecret>> =>
  call<t.WebhookWithSecret>("POST", `/webhooks/${segment(webhookId)}/secret`, undefined, undefined, options);

/** Say of a question that all is right as it is: it is not asked again; a change of the links, undone like others. */
export const settleQuestion = (epId: string, body: t.SettleRequest, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.LinksOutcome>> =>
  call<t.LinksOutcome>("POST", `/review/${segment(epId)}/settle`, body, query, options);

/** Begin a session for whoever sends a key or a token with this; the answer sets a cookie that scripts cannot read. */
export const signIn = (options?: Options): Promise<Answer<t.SessionView>> =>
  call<t.SessionView>("POST", `/session`, undefined, undefined, options);

/** Say that the revision that is shown is right; reports and exports carry it from the next revision on. */
export const signOff = (epId: string, body: t.SignOffRequest, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.SignOffView>> =>
  call<t.SignOffView>("POST", `/screen-time/${segment(epId)}/sign-off`, body, query, options);

/** End the session, whatever its cookie would still be good for; `true` where there was one. */
export const signOut = (options?: Options): Promise<Answer<boolean>> =>
  call<boolean>("DELETE", `/session`, undefined, undefined, options);

/** Split tracks off a cluster: they are somebody else. */
export const splitCluster = (epId: string, body: t.SplitCluster, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.EditAnswer>> =>
  call<t.EditAnswer>("POST", `/clusters/${segment(epId)}/split`, body, query, options);

/** Split a cluster where it looks like two people; refused where it looks like one. */
export const splitClusterInTwo = (epId: string, body: t.SplitInTwo, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.EditAnswer>> =>
  call<t.EditAnswer>("POST", `/clusters/${segment(epId)}/split-in-two`, body, query, options);

/** Process the episode's video again; 200 and the run there is where that was done already. */
export const startRun = (epId: string, body: t.NewRun, options?: Options): Promise<Answer<t.StartedRun>> =>
  call<t.StartedRun>("POST", `/episodes/${segment(epId)}/runs`, body, undefined, options);

/** Address. Stream an episode's changes as server-sent events: decisions, groupings, revisions, who is there. */
export const streamChanges = (epId: string, query?: { follow?: boolean }): string => address(`/changes/${segment(epId)}`, query);

/** Address. Stream progress as server-sent events: changes only, from `Last-Event-ID` on, to the end of the run. */
export const streamEpisodeEvents = (epId: string, query?: { follow?: boolean }): string => address(`/episodes/${segment(epId)}/events`, query);

/** Take the sign-off that counts back; an earlier one counts again, if there is one. */
export const takeBackSignOff = (epId: string, query?: { why?: string | null; wait_s?: number }, options?: Options): Promise<Answer<t.SignOffView>> =>
  call<t.SignOffView>("DELETE", `/screen-time/${segment(epId)}/sign-off`, undefined, query, options);

/** Make faces of somebody reference pictures of the cast member whom they are linked to. */
export const takeReferences = (epId: string, identityId: string, body: t.TakeFaces, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.ReferencesOutcome>> =>
  call<t.ReferencesOutcome>("POST", `/links/${segment(epId)}/${segment(identityId)}/references`, body, query, options);

/** Tell the address a `webhook.test`; what came of it is in the deliveries. */
export const testWebhook = (webhookId: string, options?: Options): Promise<Answer<t.DeliveryView>> =>
  call<t.DeliveryView>("POST", `/webhooks/${segment(webhookId)}/test`, undefined, undefined, options);

/** Sum up roles, characters or an attribute of the cast in an episode. */
export const totalGroups = (epId: string, query: { by: string; revision?: number | null; run_id?: string | null; participants?: boolean }, options?: Options): Promise<Answer<t.GroupTotals>> =>
  call<t.GroupTotals>("GET", `/screen-time/${segment(epId)}/groups`, undefined, query, options);

/** Sum up roles, characters or an attribute of the cast over a show's episodes, or over those of one season. */
export const totalShowGroups = (show: string, query: { by: string; season?: number | null; participants?: boolean }, options?: Options): Promise<Answer<t.GroupTotals>> =>
  call<t.GroupTotals>("GET", `/screen-time/shows/${segment(show)}/groups`, undefined, query, options);

/** Sum up the cast of a show over its episodes, or over those of one season. */
export const totalShowScreenTime = (show: string, query?: { season?: number | null }, options?: Options): Promise<Answer<t.ShowTotals>> =>
  call<t.ShowTotals>("GET", `/screen-time/shows/${segment(show)}/totals`, undefined, query, options);

/** Undo an edit, by default the latest one in force; any number of them, in any order. */
export const undoEdit = (epId: string, body: t.WhichEdit, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.EditAnswer>> =>
  call<t.EditAnswer>("POST", `/edits/${segment(epId)}/undo`, body, query, options);

/** Take back the latest change of links, or the one named. */
export const undoLinkChange = (epId: string, body: t.Step, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.LinksOutcome>> =>
  call<t.LinksOutcome>("POST", `/links/${segment(epId)}/undo`, body, query, options);

/** Take back the last thing that was decided about the episode, whatever it was, or the one named. */
export const undoStep = (epId: string, body: t.WhichStep, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.HistoryOutcome>> =>
  call<t.HistoryOutcome>("POST", `/history/${segment(epId)}/undo`, body, query, options);

/** Take a link away; the pair is not suggested again. */
export const unlinkIdentity = (epId: string, identityId: string, query?: { why?: string | null; wait_s?: number }, options?: Options): Promise<Answer<t.LinksOutcome>> =>
  call<t.LinksOutcome>("DELETE", `/links/${segment(epId)}/${segment(identityId)}`, undefined, query, options);

/** Unlock a cluster, so that it may change again. */
export const unlockCluster = (epId: string, body: t.UnlockCluster, query?: { wait_s?: number }, options?: Options): Promise<Answer<t.EditAnswer>> =>
  call<t.EditAnswer>("POST", `/clusters/${segment(epId)}/unlock`, body, query, options);

/** Change title, air date, data or ids: what is named is set, null clears it. */
export const updateEpisode = (epId: string, body: t.EpisodePatch, options?: Options): Promise<Answer<t.EpisodeView>> =>
  call<t.EpisodeView>("PATCH", `/episodes/${segment(epId)}`, body, undefined, options);

/** Upload a small video through the API; larger ones go to S3 by `POST /uploads`. */
export const uploadVideo = (epId: string, body: FormData, options?: Options): Promise<Answer<t.FiledVideo>> =>
  call<t.FiledVideo>("POST", `/episodes/${segment(epId)}/video`, body, undefined, options);

/** Take back the legal basis of a cast member; the answer is whether there was one. */
export const withdrawConsent = (show: string, castId: string, options?: Options): Promise<Answer<boolean>> =>
  call<boolean>("DELETE", `/shows/${segment(show)}/cast/${segment(castId)}/consent`, undefined, undefined, options);
