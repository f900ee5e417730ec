using System.Runtime.CompilerServices;
using Strata.Core;

namespace Strata.Client;

public sealed partial class StrataClient
{
    /// <summary>
    /// A client of the cloud that arguments, the environment or the command line name, in this order: <paramref name="address"/> and
    /// <paramref name="token"/>; STRATA_URL and STRATA_TOKEN, which every application that runs on Strata has; the local context that
    /// <c>strata up</c> writes (<c>~/.strata/context.json</c>); <c>http://127.0.0.1:8080</c>. The context's token is sent only to the
    /// context's own server, and STRATA_TOKEN only to STRATA_URL if that is set.
    /// </summary>
    /// <exception cref="StrataException">The address or the context is not valid.</exception>
    public static StrataClient FromEnvironment(string? address = null, string? token = null, ClientOptions? options = null)
    {
        var (server, secret) = LocalContext.Connection(address, token, Environment.GetEnvironmentVariable);
        return new StrataClient(server, secret, options);
    }

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
