using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Strata.Core;

namespace Strata.Client;

/// <summary>
/// The entities of one model. Inside a handler of a <see cref="ComputeMember"/> all but searches happen in the transaction that waits for
/// it. Everything that fails throws <see cref="StrataException"/>. Safe for concurrent use.
/// </summary>
/// <typeparam name="T">What the entities hold, in JSON by <see cref="WireJson"/>: camelCase, nulls left out.</typeparam>
public sealed class EntityClient<T>
{
    private const int TransactionMax = 1_000;
    private const string MergePatchJson = "application/merge-patch+json";

    private readonly Transport transport;
    private readonly string model;

    internal EntityClient(Transport transport, string model, int version) =>
        (this.transport, this.model) = (transport, EntityPath.Of(model, version));

    /// <summary>Creates one; its id.</summary>
    public async Task<Guid> CreateAsync(T data, CancellationToken cancellationToken = default) =>
        (await CreateAllAsync([data], cancellationToken))[0];

    /// <summary>Creates several, all in one transaction up to 1,000; their ids in order.</summary>
    public async Task<IReadOnlyList<Guid>> CreateAllAsync(IReadOnlyList<T> data, CancellationToken cancellationToken = default)
    {
        var window = Math.Clamp(data.Count, 1, TransactionMax).ToString(CultureInfo.InvariantCulture);
        var written = await SendAsync(HttpMethod.Post, ApiPath.With($"/api/entity/JSON/{model}", ("transactionWindow", window)),
            Written(data), null, cancellationToken);
        return transport.Parse(
            written, json => json.EnumerateArray().SelectMany(w => w.GetProperty("entityIds").EnumerateArray())
                .Select(id => id.GetGuid()).ToList());
    }

    /// <summary>One, now or as of then.</summary>
    public async Task<Entity<T>> GetAsync(Guid id, DateTimeOffset? at = null, CancellationToken cancellationToken = default)
    {
        var call = new Call(
            HttpMethod.Get, ApiPath.With($"/api/entity/{id}", ("pointInTime", TimeOf(at)))) { JoinToken = ComputeMember.TransactionIn(
                transport.Address) };
        return Read((await transport.SendAsync(call, cancellationToken)).Body);
    }

    /// <summary>Replaces its data.</summary>
    public Task UpdateAsync(Guid id, T data, EntityWriteOptions? options = null, CancellationToken cancellationToken = default) =>
        WriteAsync(HttpMethod.Put, id, Written(data), options ?? EntityWriteOptions.Default, cancellationToken);

    /// <summary>Merges into its data (RFC 7396): null takes a member away.</summary>
    public Task PatchAsync(Guid id, JsonText changes, EntityWriteOptions? options = null, CancellationToken cancellationToken = default) =>
        WriteAsync(HttpMethod.Patch, id, changes, options ?? EntityWriteOptions.Default, cancellationToken);

    /// <summary>Takes a transition and leaves the data as it is.</summary>
    public Task TransitionAsync(Guid id, string transition, CancellationToken cancellationToken = default) =>
        PatchAsync(id, JsonText.EmptyObject, new EntityWriteOptions(transition), cancellationToken);

    public Task DeleteAsync(Guid id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"/api/entity/{id}", null, null, cancellationToken);

    /// <summary>
    /// Those that meet a condition, as they come; more than a page (10,000) are fetched as they are needed. Without a time each page is of
    /// the moment at which it is read.
    /// </summary>
    /// <param name="condition">In JSON, as the entity API has it; null: all.</param>
    public async IAsyncEnumerable<Entity<T>> SearchAsync(
        JsonText? condition = null, SearchOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (
            var line in new SearchPages(transport, model).ReadAsync(condition, options ?? SearchOptions.Default, cancellationToken))
            yield return Read(line);
    }

    private async Task WriteAsync(
        HttpMethod method, Guid id, JsonText body, EntityWriteOptions options, CancellationToken cancellationToken)
    {
        var path = $"/api/entity/JSON/{id}" + (options.Transition is { } transition ? "/" + Uri.EscapeDataString(transition) : "");
        await SendAsync(method, path, body, options.IfMatch?.ToString() ?? (method == HttpMethod.Patch ? "*" : null), cancellationToken);
    }

    private async Task<ReadOnlyMemory<byte>> SendAsync(
        HttpMethod method, string path, JsonText? body, string? ifMatch, CancellationToken cancellationToken)
    {
        var joined = ComputeMember.TransactionIn(transport.Address);
        var call = new Call(method, path)
        {
            Body = body?.Utf8, ContentType = method == HttpMethod.Patch ? MergePatchJson : "application/json", IfMatch = ifMatch,
            JoinToken = joined,
            IdempotencyKey = joined is null ? transport.NewKey() : null, // what a transaction does has no outcome of its own to be kept
        };
        return (await transport.SendAsync(call, cancellationToken)).Body;
    }

    private Entity<T> Read(ReadOnlyMemory<byte> body) => transport.Parse(body, json => new Entity<T>(
        json.GetProperty("data").Deserialize(WireJson.Of<T>())!, json.GetProperty("meta").Deserialize(WireJson.Of<EntityMeta>())!));

    private static JsonText Written<TValue>(TValue value) => new(JsonSerializer.SerializeToUtf8Bytes(value, WireJson.Of<TValue>()));

    private static string? TimeOf(DateTimeOffset? at) => at?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}
