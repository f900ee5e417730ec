using System.Text.Json;
using System.Text.Json.Nodes;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Resources.Versions;

/// <summary>Reads documents of older versions of kinds as the present ones. Immutable; safe for concurrent use.</summary>
public sealed class KindVersions
{
    private readonly Dictionary<ModelKey, Kind> changed;

    public KindVersions(IEnumerable<Kind> kinds) => changed = kinds.Where(k => k.Upcasters.Count > 0).ToDictionary(k => k.Model);

    /// <summary>The kinds that have had more than one version.</summary>
    public IEnumerable<Kind> Changed => changed.Values;

    /// <summary>
    /// The log as readers see it: every document in its kind's present version, whenever it was written. The log itself while no kind has
    /// had more than one version, so that a read costs nothing more.
    /// </summary>
    /// <param name="unreadable">Called for a document that an upcaster fails on; it is passed on as it is.</param>
    public IEntityLog Over(IEntityLog log, Action<EntityRevision, Exception> unreadable) =>
        changed.Count == 0 ? log : new VersionedLog(log, revision => Upcast(revision, unreadable));

    private EntityRevision Upcast(EntityRevision revision, Action<EntityRevision, Exception> unreadable)
    {
        if (!changed.TryGetValue(revision.Model, out var kind)) return revision;
        try
        {
            return Upcast(kind, revision);
        }
        catch (Exception e)
            when (e is JsonException or InvalidOperationException or FormatException or ArgumentException or KeyNotFoundException
                or NullReferenceException)
        {
            unreadable(revision, e);
            return revision;
        }
    }

    private static EntityRevision Upcast(Kind kind, EntityRevision revision)
    {
        var version = ResourceDocument.VersionOf(revision.Document);
        if (version >= kind.Version || revision.Document == JsonText.EmptyObject) return revision; // empty: a trail, which has no documents
        var document = JsonNode.Parse(
            revision.Document.Utf8.Span, documentOptions: new JsonDocumentOptions { MaxDepth = JsonGuard.DepthMax })!.AsObject();
        foreach (var upcaster in kind.Upcasters.Skip(version - 1)) upcaster(document);
        document[ResourceDocument.VersionMember] = kind.Version;
        return revision with { Document = JsonText.FromString(document.ToJsonString(WireJson.Options)) };
    }
}
