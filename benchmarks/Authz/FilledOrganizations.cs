using Microsoft.Extensions.Logging.Abstractions;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Identity.Memberships;
using Strata.Identity.People;
using Strata.Resources.Kinds;
using Strata.Storage.Postgres;

namespace Strata.Authz.Benchmarks;

/// <summary>
/// Organizations with a project and ten members each, put straight into the log as the engine would have written them. Those people have no
/// password: a hash for each would take hours.
/// </summary>
internal static class FilledOrganizations
{
    public const int MembersEach = 10;

    private const int PerBatch = 100;
    private const int AtOnce = 8;
    private const string By = "bench:authz";

    /// <summary>The organization's name.</summary>
    public static string NameOf(int organization) => $"filled-{organization}";

    public static async Task FillAsync(string connectionString, int organizations)
    {
        await using var store = await PostgresStore.OpenAsync(
            new PostgresOptions { ConnectionString = connectionString }, TimeProvider.System, NullLoggerFactory.Instance,
            CancellationToken.None);
        var batches = (organizations + PerBatch - 1) / PerBatch;
        await Parallel.ForAsync(0, batches, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (batch, _) =>
        {
            var first = batch * PerBatch;
            await AddAsync(store.Log, first, Math.Min(PerBatch, organizations - first));
        });
    }

    private static async Task AddAsync(IEntityLog log, int first, int count)
    {
        var ofPlatform = new List<EntityWrite>();
        var ofOrganizations = new List<(TenantId Tenant, List<EntityWrite> Writes)>();
        for (var i = first; i < first + count; i++)
        {
            var tenant = TenantId.New(TimeProvider.System);
            ofPlatform.Add(Write(OrganizationKind.Kind, new EntityId(tenant.Value), NameOf(i), new OrganizationSpec(), Nothing.Instance));
            var writes = new List<EntityWrite> { Write(ProjectKind.Kind, New(), "default", new ProjectSpec(), Nothing.Instance) };
            for (var member = 0; member < MembersEach; member++)
            {
                var (id, name) = (New(), $"filled-{i}-{member}");
                var email = name + "@example.com";
                ofPlatform.Add(Write(
                    PersonKind.Kind, id, name, new PersonSpec { Email = email },
                    new PersonStatus { Organizations = [tenant.ToString()] }));
                var spec = new MembershipSpec { Person = PersonKind.Kind.IdOf(id), Email = email, Roles = [Roles.Viewer] };
                writes.Add(Write(MembershipKind.Kind, New(), name, spec, Nothing.Instance));
            }
            ofOrganizations.Add((tenant, writes));
        }
        await AppendAsync(log, TenantId.Platform, ofPlatform);
        await Task.WhenAll(ofOrganizations.Select(o => AppendAsync(log, o.Tenant, o.Writes)));
    }

    private static EntityId New() => EntityId.New(TimeProvider.System);

    private static EntityWrite Write<TSpec, TStatus>(Kind<TSpec, TStatus> kind, EntityId id, string name, TSpec spec, TStatus status)
    {
        var document = ResourceDocument.Write(
            kind, name, null, null, JsonText.From(spec, WireJson.Of<TSpec>()), JsonText.From(status, WireJson.Of<TStatus>())).Value;
        return new EntityWrite
        {
            Id = id, Model = kind.Model, Expected = Revision.None, State = "ACTIVE", Document = document,
            Claims = UniqueKeys.ClaimsOf(kind.Definition, document).Value,
        };
    }

    private static async Task AppendAsync(IEntityLog log, TenantId tenant, IReadOnlyList<EntityWrite> writes)
    {
        var commit = new Commit { Tenant = tenant, Id = CommitId.New(TimeProvider.System), By = By, Writes = writes };
        if (await log.AppendAsync(commit, CancellationToken.None) is not AppendOutcome.Committed)
            throw new InvalidOperationException("The log refused a commit.");
    }
}
