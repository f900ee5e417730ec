using Microsoft.Extensions.Logging.Abstractions;
using Strata.Api.Auth;
using Strata.Api.Auth.Tokens;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;
using Strata.Storage.Postgres;

namespace Strata.Entity.Benchmarks;

/// <summary>
/// Many organizations. Their first tokens are issued here, as a second server on the same database: over HTTP nobody makes a token for an organization
/// that is not his.
/// </summary>
internal static class Tenants
{
    private static readonly IReadOnlyList<Kind> Kinds = [OrganizationKind.Kind, ProjectKind.Kind, TokenKind.Kind];

    /// <summary>Makes them, each with the model "order" locked.</summary>
    /// <returns>One token of each.</returns>
    public static async Task<IReadOnlyList<string>> AddAsync(Cloud cloud, int count, string sample)
    {
        var options = new PostgresOptions { ConnectionString = cloud.Source.ConnectionString, PoolSizeMax = 4 };
        await using var store = await PostgresStore.OpenAsync(options, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
        var users = new StoredDefinitions(store.Log, TimeProvider.System);
        var definitions = new CompositeDefinitions(new StaticDefinitions([.. Kinds.Select(k => k.Definition)]), users);
        var engine = new EntityEngine(store.Log, definitions, new InProcessComputation([], []), TimeProvider.System);
        var tokens = new ResourceStore<TokenSpec, TokenStatus>(engine, TokenKind.Kind, TimeProvider.System);
        var issuer = new TokenIssuer(tokens, new TokenAuthenticator(store.Log, tokens, TimeProvider.System));
        var organizations = new ResourceStore<OrganizationSpec, Nothing>(engine, OrganizationKind.Kind, TimeProvider.System);
        var made = new string[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) => made[i] = await AddOneAsync(cloud, organizations, issuer, i, sample));
        return made;
    }

    private static async Task<string> AddOneAsync(
        Cloud cloud, ResourceStore<OrganizationSpec, Nothing> organizations, TokenIssuer issuer, int number, string sample)
    {
        var organization = new NewResource<OrganizationSpec> { Name = $"bench-{number}", Spec = new OrganizationSpec() };
        var owner = await organizations.CreateAsync(new Caller(TenantId.Platform, "bench"), organization, null, CancellationToken.None);
        var tenant = new TenantId(OrganizationKind.Kind.EntityOf(owner.Value.Id).Value);
        var token = new NewResource<TokenSpec> { Name = "bench", Spec = new TokenSpec { Roles = [Roles.Admin] } };
        var issued = await issuer.IssueAsync(new Caller(tenant, "bench"), token, CancellationToken.None);
        using var http = cloud.Client(issued.Value.Text);
        await Cloud.SendAsync(http, "POST", "/api/model/import/JSON/SAMPLE_DATA/order/1", sample);
        await Cloud.SendAsync(http, "PUT", "/api/model/order/1/lock", null);
        return issued.Value.Text;
    }
}
