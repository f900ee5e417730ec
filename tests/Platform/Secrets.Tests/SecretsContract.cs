using Microsoft.Extensions.DependencyInjection;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.EntityApi.Tests.Hosting;
using Strata.EntityApi.Webhooks;
using Strata.Resources.Kinds;
using Strata.Resources.Servers;
using Strata.Secrets.DataKeys;
using Strata.Secrets.Masters;
using Strata.Storage.Tests.Contract;
using Strata.TestSupport;

namespace Strata.Secrets.Tests;

/// <summary>What the contracts of this module have in common: a host whose clock the test moves, and its master key in a file.</summary>
public abstract class SecretsContract(IStore store) : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("strata-secrets-").FullName;

    protected EntityHost Host { get; private set; } = null!;

    protected HttpClient Admin { get; private set; } = null!;

    private protected FakeTime Clock { get; } = new(TimeProvider.System.GetUtcNow());

    protected IStore Store => store;

    protected string KeyFile => Path.Combine(folder, "cloud.key");

    private static IReadOnlyList<Kind> Kinds => [.. SecretsModule.Kinds, ServerKind.Kind];

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await Host.DisposeAsync();
        await store.DisposeAsync();
        Folder.Delete(folder);
        GC.SuppressFinalize(this);
    }

    /// <summary>The keys as another server of the cloud has them, with its own key file.</summary>
    protected CloudKeys KeysOf(string file) => new(
        MasterKeySource.Parse("", file, _ => null), store.DurableValues,
        new EntityEngine(store.Log, new StaticDefinitions([DataKeyKind.Kind.Definition]), new InProcessComputation([], []),
            TimeProvider.System),
        Clock);

    /// <summary>As after a restart: another server on the same store.</summary>
    protected async Task RestartAsync()
    {
        var (token, org) = (Host.AdminToken, Host.Org);
        Admin.Dispose();
        await Host.DisposeAsync();
        await StartAsync();
        Host.Resume(token, org);
        Admin.Dispose();
        Admin = Host.Client();
    }

    protected string In(string name) => Path.Combine(folder, name);

    private async Task StartAsync()
    {
        var keys = KeysOf(KeyFile);
        await keys.OpenAsync(TestContext.Current.CancellationToken);
        var self = new ServerSelf("one", "one", new Uri("http://127.0.0.1:1"), "1", TimeProvider.System.GetUtcNow());
        Host = await EntityHost.StartAsync(store, more: new HostedModule(
            Kinds, services => services.AddServers(self).AddSecrets(keys, [.. Kinds, WebhookKind.Kind]), app => app.MapSecrets()));
        Admin = Host.Client();
    }
}
