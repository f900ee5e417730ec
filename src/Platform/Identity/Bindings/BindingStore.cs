using Strata.Api.Auth;
using Strata.Api.Auth.CustomRoles;
using Strata.Api.Auth.Explaining;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Identity.Teams;
using Strata.Resources.Kinds;
using BindingResource = Strata.Core.Resource<Strata.Contracts.BindingSpec, Strata.Core.Nothing>;

namespace Strata.Identity.Bindings;

/// <summary>What bindings give to someone.</summary>
/// <param name="Until">When the first of them expires; null: none does.</param>
internal sealed record Bound(IReadOnlyList<HeldRole> Roles, DateTimeOffset? Until)
{
    public static readonly Bound Nothing = new([], null);

    public IReadOnlyList<Grant> Grants => [.. Roles.SelectMany(r => r.By!.Grants)];

    public IEnumerable<string> RoleNames => Roles.Select(r => r.Name);
}

/// <summary>Finds what bindings give. Read when someone's rights are looked up, and kept with those. Safe for concurrent use.</summary>
internal sealed class BindingStore(
    ResourceStore<BindingSpec, Nothing> bindings, ResourceStore<TeamSpec, Nothing> teams, RoleGrants roles, RoleCatalog catalog,
    TimeProvider time)
{
    /// <summary>Of one subject; more are refused, so that no one's rights become a search through thousands.</summary>
    public const int OfSubjectMax = 200;

    /// <summary>Of someone with all their teams; what is beyond gives nothing.</summary>
    private const int BindingsMax = 2000;

    private const int TeamsMax = 200;
    private static readonly JsonPath SubjectsPath = JsonPath.Parse("$.spec.subjects[*]");
    private static readonly JsonPath MembersPath = JsonPath.Parse("$.spec.members[*]");

    /// <summary>Narrows a search to bindings that name one of these.</summary>
    public static Condition OfSubjects(IEnumerable<string> subjects) => new Condition.Any([.. subjects.Select(s => Equal(SubjectsPath,
        s))]);

    /// <param name="person">Their name.</param>
    public async ValueTask<Bound> OfPersonAsync(TenantId organization, string person, CancellationToken cancellationToken)
    {
        var subjects = new List<string> { BindingKind.PersonPrefix + person };
        await foreach (var team in teams.AllAsync(organization, Equal(MembersPath, person), cancellationToken))
        {
            if (team.Spec.Members.Contains(person)) subjects.Add(BindingKind.TeamPrefix + team.Name);
            if (subjects.Count > TeamsMax) break;
        }
        return await OfAsync(organization, subjects, cancellationToken);
    }

    /// <param name="client">Its id, as its tokens have it.</param>
    public ValueTask<Bound> OfClientAsync(TenantId organization, string client, CancellationToken cancellationToken) =>
        OfAsync(organization, [BindingKind.ClientPrefix + client], cancellationToken);

    /// <summary>Whether a subject has as many as it may; those that are over do not count.</summary>
    public async ValueTask<bool> IsFullAsync(TenantId organization, string subject, CancellationToken cancellationToken)
    {
        var (count, now) = (0, time.GetUtcNow());
        await foreach (var binding in bindings.AllAsync(organization, OfSubjects([subject]), cancellationToken))
            if (!(binding.Spec.ExpiresAt <= now) && ++count >= OfSubjectMax) return true;
        return false;
    }

    /// <summary>Takes a person out of all teams and bindings.</summary>
    public async Task ForgetAsync(TenantId organization, string person, CancellationToken cancellationToken)
    {
        var caller = new Caller(organization, "system:bindings");
        await foreach (var team in teams.AllAsync(organization, Equal(MembersPath, person), cancellationToken))
            Check(await teams.ChangeAsync(caller, team.Id, now =>
                now with { Spec = now.Spec with { Members = [.. now.Spec.Members.Where(m => m != person)] } }, null, null,
                    cancellationToken));
        var subject = BindingKind.PersonPrefix + person;
        await foreach (var binding in bindings.AllAsync(organization, OfSubjects([subject]), cancellationToken))
        {
            if (binding.Spec.Subjects.All(s => s == subject))
            {
                var deleted = await bindings.DeleteAsync(caller, binding.Id, null, cancellationToken);
                if (!deleted.IsOk && deleted.Error.Kind != ErrorKind.NotFound) throw deleted.Error.ToException();
            }
            else
                Check(await bindings.ChangeAsync(caller, binding.Id, now =>
                    now with { Spec = now.Spec with { Subjects = [.. now.Spec.Subjects.Where(s => s != subject)] } },
                    null, null, cancellationToken));
        }

        static void Check<T>(Result<T> changed)
        {
            if (!changed.IsOk && changed.Error.Kind != ErrorKind.NotFound) throw changed.Error.ToException();
        }
    }

    private async ValueTask<Bound> OfAsync(TenantId organization, List<string> subjects, CancellationToken cancellationToken)
    {
        var (held, known, now) = (
            new List<HeldRole>(), new Dictionary<string, IReadOnlySet<string>?>(StringComparer.Ordinal), time.GetUtcNow());
        DateTimeOffset? until = null;
        var count = 0;
        await foreach (var binding in bindings.AllAsync(organization, OfSubjects(subjects), cancellationToken))
        {
            if (binding.Spec.ExpiresAt <= now || !binding.Spec.Subjects.Any(subjects.Contains)) continue;
            if (++count > BindingsMax) break;
            if (binding.Spec.ExpiresAt is { } end && !(end >= until)) until = end;
            foreach (var name in binding.Spec.Roles.Distinct(StringComparer.Ordinal))
            {
                if (!known.TryGetValue(name, out var granted))
                    known[name] = granted = Roles.Exists(name) && !Roles.Bindable.Contains(name)
                        ? null : await roles.FindAsync(organization, name, cancellationToken);
                held.Add(new HeldRole(name, granted) { By = new HeldBy("the binding " + binding.Name, GrantsOf(binding, granted)) });
            }
        }
        return held.Count == 0 ? Bound.Nothing : new Bound(held, until);
    }

    /// <summary>
    /// A limit to labels holds where the resource is in hand. So of such a binding only that remains of the roles which is about resources
    /// with labels, and what has to be held beside it.
    /// </summary>
    private IReadOnlyList<Grant> GrantsOf(BindingResource binding, IReadOnlySet<string>? granted)
    {
        if (granted is null) return [];
        GrantScope scope = binding.Spec.Project is { } project ? new GrantScope.OfProject(project) : GrantScope.Organization;
        return binding.Spec.Labels is not { Count: > 0 } labels ? [Of(granted, scope)] :
        [
            Of(catalog.OfLabelled(granted), GrantScope.And(scope, new GrantScope.WithLabels(labels))),
            Of(catalog.BesideLabelled(granted), scope),
        ];

        Grant Of(IReadOnlySet<string> permissions, GrantScope where) =>
            new(permissions, where) { IsBound = true, Until = binding.Spec.ExpiresAt };
    }

    private static Condition.Compare Equal(JsonPath path, string value) =>
        new(new Field.Path(path), Operator.Equal, [JsonText.From(value, WireJson.Of<string>())]);
}
