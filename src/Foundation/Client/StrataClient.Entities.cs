using System.Runtime.CompilerServices;
using Strata.Core;

namespace Strata.Client;

public sealed partial class StrataClient
{
    /// <summary>
    /// From STRATA_URL (or <c>http://127.0.0.1:8080</c>) and STRATA_TOKEN, which every application that runs on Strata has.
    /// </summary>
    public static StrataClient FromEnvironment(ClientOptions? options = null) => new(
        new Uri(Environment.GetEnvironmentVariable("STRATA_URL") is { Length: > 0 } url ? url : "http://127.0.0.1:8080"),
        Environment.GetEnvironmentVariable("STRATA_TOKEN"), options);

    /// <summary>What requests are signed with; null: nothing.</summary>
    internal string? Token => http.DefaultRequestHeaders.Authorization?.Parameter;

    /// <summary>The entities of a model.</summary>
    public EntityClient<T> Entities<T>(string model, int version = 1) => new(transport, model, version);

    /// <summary>As <see cref="EntityClient{T}.SearchAsync"/>, for generic tools: the entities as the API sends them.</summary>
    public async IAsyncEnumerable<JsonText> SearchAsync(
        string model, int version = 1, JsonText? condition = null, SearchOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var pages = new SearchPages(transport, EntityPath.Of(model, version));
        await foreach (var line in pages.ReadAsync(condition, options ?? SearchOptions.Default, cancellationToken))
            yield return new JsonText(line);
    }
}
