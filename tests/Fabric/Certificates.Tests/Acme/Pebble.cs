using System.Security.Cryptography;
using Strata.Certificates.Acme;

namespace Strata.Certificates.Tests.Acme;

/// <summary>A <see cref="PebbleServer"/> with clients for it.</summary>
internal sealed class Pebble : IAsyncDisposable
{
    private readonly PebbleServer server;

    private Pebble(PebbleServer server) => (this.server, Http) = (server, AcmeHttp.Create(server.RootPem).Value);

    public int HttpPort => server.HttpPort;

    public int TlsPort => server.TlsPort;

    public Uri DirectoryAddress => server.DirectoryAddress;

    /// <summary>Trusts the server.</summary>
    public HttpClient Http { get; }

    public HttpClient Stranger { get; } = AcmeHttp.Create(null).Value;

    public static async Task<Pebble> StartAsync(PebbleOptions? options = null) => new(await PebbleServer.StartAsync(options));

    public AcmeClient Client(ECDsa accountKey) => new(Http, DirectoryAddress, accountKey, TimeProvider.System);

    public Task UpAsync(PebbleOptions options) => server.UpAsync(options);

    public Task DownAsync() => server.DownAsync();

    public Task SetTextAsync(string name, string value) => server.SetTextAsync(name, value);

    public Task ClearTextAsync(string name) => server.ClearTextAsync(name);

    /// <summary>What follows the root in every chain.</summary>
    public async Task<string> RootPemAsync() => await Http.GetStringAsync($"https://localhost:{server.ManagementPort}/roots/0");

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        Stranger.Dispose();
        await server.DisposeAsync();
    }
}
