namespace Strata.Api.OpenApi;

/// <summary>What the headings of the API's description mean, where they are no kind's.</summary>
internal static class TagTexts
{
    private static readonly Dictionary<string, string> All = new(StringComparer.Ordinal)
    {
        ["access"] = "Permissions: which there are, who holds them, and why.",
        ["account"] = "The caller and its organization.",
        ["audit"] = "What happened to entities, workflow steps included.",
        ["blobs"] = "Sources and images by their digests.",
        ["compute"] = "Compute members: programs that execute processors and criteria.",
        ["encryption"] = "The keys that the cloud seals secrets with, and their replacement.",
        ["entity"] = "Business data: create, read, change and follow entities.",
        ["grpc"] = "Standard gRPC services: health and reflection.",
        ["keys"] = "Keys that sign access tokens, and keys of others that are trusted.",
        ["message"] = "Messages with payloads of any size.",
        ["model"] = "Structures of entities, their workflows, indexes and retention.",
        ["org"] = "The entity platform over gRPC.",
        ["providers"] = "OIDC providers whose tokens are accepted.",
        ["search"] = "Search for entities, at once or as a job.",
        ["server"] = "The server itself: health, status, metrics, this description.",
        ["stats"] = "Counts of entities by model, state and group.",
        ["strata"] = "The cloud's resources over gRPC.",
        ["transfer"] = "Export and import of an organization's data.",
    };

    public static string Of(string tag) => All.GetValueOrDefault(tag) ?? $"Operations on {tag}.";
}
