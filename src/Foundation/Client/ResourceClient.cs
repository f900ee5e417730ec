using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Strata.Core;

namespace Strata.Client;

/// <summary>
/// The verbs on one kind's resources. Everything that fails throws <see cref="StrataException"/>. <c>org</c> is for callers of the
/// platform, who pass the organization that the resource's item names; null for everyone else. Safe for concurrent use.
/// </summary>
public sealed partial class ResourceClient<TSpec, TStatus>
{
    private readonly Transport transport;
    private readonly string plural;

    internal ResourceClient(Transport transport, string plural) => (this.transport, this.plural) = (transport, plural);

    /// <summary>
    /// Every resource that the filter lets through, up to its limit; pages are fetched as they are needed.
    /// </summary>
    public async IAsyncEnumerable<Resource<TSpec, TStatus>> ListAsync(
        ResourceFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        filter ??= ResourceFilter.All;
        ArgumentOutOfRangeException.ThrowIfNegative(filter.Limit ?? 0, nameof(filter));
        var left = filter.Limit ?? int.MaxValue;
        if (left == 0) yield break;
        string? cursor = null;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        do
        {
            var page = ReadPage(await SendAsync(new Call(HttpMethod.Get, filter.ToPath(plural, cursor, watch: false)), cancellationToken));
            foreach (var item in page.Items)
            {
                yield return item;
                if (filter.Limit is not null && --left == 0) yield break;
            }
            cursor = Next(page, seen);
        }
        while (cursor is not null);
    }

    /// <param name="at">As of when; null: now.</param>
    public async Task<Resource<TSpec, TStatus>> GetAsync(
        string nameOrId, string? org = null, DateTimeOffset? at = null, CancellationToken cancellationToken = default)
    {
        var path = ApiPath.With(ApiPath.Of(plural, nameOrId), ("org", org), ("at", ResourceFilter.Rfc3339(at)));
        return Read(await SendAsync(new Call(HttpMethod.Get, path), cancellationToken));
    }

    /// <summary>As <see cref="GetAsync"/>, with null for what is not there.</summary>
    public async Task<Resource<TSpec, TStatus>?> FindAsync(
        string nameOrId, string? org = null, DateTimeOffset? at = null, CancellationToken cancellationToken = default)
    {
        try
        {
            return await GetAsync(nameOrId, org, at, cancellationToken);
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.NotFound)
        {
            return null;
        }
    }

    public async Task<Resource<TSpec, TStatus>> CreateAsync(
        NewResource<TSpec> resource, string? org = null, CancellationToken cancellationToken = default)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer)) ResourceJson.WriteNew(json, resource);
        var call = Write(HttpMethod.Post, ApiPath.With(ApiPath.Of(plural), ("org", org))) with { Body = buffer.WrittenMemory };
        return Read(await SendAsync(call, cancellationToken));
    }

    /// <param name="ifMatch">The revision it must still have (412 ENTITY_MODIFIED otherwise); null: any.</param>
    public async Task<Resource<TSpec, TStatus>> PatchAsync(
        string nameOrId, ResourcePatch patch, string? org = null, long? ifMatch = null, CancellationToken cancellationToken = default)
    {
        var call = Write(HttpMethod.Patch, ApiPath.With(ApiPath.Of(plural, nameOrId), ("org", org))) with
        {
            Body = patch.ToJson().Utf8, ContentType = "application/merge-patch+json", IfMatch = Tag(ifMatch),
        };
        return Read(await SendAsync(call, cancellationToken));
    }

    /// <summary>Takes a transition, with a patch applied in the same commit.</summary>
    public async Task<Resource<TSpec, TStatus>> TransitionAsync(
        string nameOrId, string transition, ResourcePatch? patch = null, string? org = null, long? ifMatch = null,
        CancellationToken cancellationToken = default)
    {
        var path = ApiPath.With(ApiPath.Of(plural, nameOrId, "transitions", transition), ("org", org));
        var call = Write(HttpMethod.Post, path) with
        {
            Body = patch is null or { IsEmpty: true } ? null : patch.ToJson().Utf8, ContentType = "application/merge-patch+json",
            IfMatch = Tag(ifMatch),
        };
        return Read(await SendAsync(call, cancellationToken));
    }

    /// <summary>
    /// Saves what differs between two states of a resource and takes a transition if one is named; nothing is sent when there is nothing to
    /// do. The organization is the resource's own where <paramref name="org"/> says so.
    /// </summary>
    public async Task<Resource<TSpec, TStatus>> ChangeAsync(
        Resource<TSpec, TStatus> before, Resource<TSpec, TStatus> after, string? transition = null, string? org = null,
        long? ifMatch = null,
        CancellationToken cancellationToken = default)
    {
        var patch = ResourcePatch.Between(before, after);
        if (transition is not null) return await TransitionAsync(before.Id, transition, patch, org, ifMatch, cancellationToken);
        return patch.IsEmpty ? before : await PatchAsync(before.Id, patch, org, ifMatch, cancellationToken);
    }

    /// <summary>Deletes it, or starts its removal for kinds whose end is work; the value is the resource as that left it.</summary>
    /// <param name="force">Also what is guarded against a mistake: the last node that is up, the token that this client uses.</param>
    public async Task<Resource<TSpec, TStatus>> DeleteAsync(
        string nameOrId, string? org = null, long? ifMatch = null, bool force = false, CancellationToken cancellationToken = default)
    {
        var call = Write(
            HttpMethod.Delete,
            ApiPath.With(ApiPath.Of(plural, nameOrId), ("org", org), ("force", force ? "true" : null))) with { IfMatch = Tag(ifMatch) };
        return Read(await SendAsync(call, cancellationToken));
    }

    /// <summary>Every revision, newest first; a deletion included.</summary>
    public async IAsyncEnumerable<Resource<TSpec, TStatus>> HistoryAsync(
        string nameOrId, string? org = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? cursor = null;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        do
        {
            var path = ApiPath.With(ApiPath.Of(plural, nameOrId, "history"), ("org", org), ("cursor", cursor));
            var page = ReadPage(await SendAsync(new Call(HttpMethod.Get, path), cancellationToken));
            foreach (var item in page.Items) yield return item;
            cursor = Next(page, seen);
        }
        while (cursor is not null);
    }

    /// <summary>A cursor that was answered before would lead in a circle without end.</summary>
    private string? Next(Page<Resource<TSpec, TStatus>> page, HashSet<string> seen)
    {
        if (page.Next is null || seen.Add(page.Next)) return page.Next;
        throw ClientErrors.Unexpected(transport.Address, "a list returned the same cursor twice.").ToException();
    }

    private static string? Tag(long? revision) => revision?.ToString(CultureInfo.InvariantCulture);

    private Call Write(HttpMethod method, string path) => new(method, path) { IdempotencyKey = transport.NewKey() };

    private async Task<ReadOnlyMemory<byte>> SendAsync(Call call, CancellationToken cancellationToken) =>
        (await transport.SendAsync(call, cancellationToken)).Body;

    private Resource<TSpec, TStatus> Read(ReadOnlyMemory<byte> body) => transport.Parse(body, ResourceJson.Read<TSpec, TStatus>);

    private Page<Resource<TSpec, TStatus>> ReadPage(ReadOnlyMemory<byte> body) =>
        transport.Parse(body, json => new Page<Resource<TSpec, TStatus>>(
        [.. json.GetProperty("items").EnumerateArray().Select(ResourceJson.Read<TSpec, TStatus>)],
        json.TryGetProperty("nextCursor", out var next) ? next.GetString() : null));
}
