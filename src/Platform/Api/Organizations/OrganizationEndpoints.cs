using Strata.Api.Http;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;

namespace Strata.Api.Organizations;

/// <summary>
/// What creating an organization does besides the resource: it makes the project <c>default</c> in it. Two logs take part, so the two steps
/// are not atomic: a request that is sent again with its Idempotency-Key does what is missing.
/// </summary>
internal sealed class OrganizationEndpoints(EntityEngine engine, TimeProvider time)
{
    private const string DefaultProject = "default";

    private readonly ResourceStore<OrganizationSpec, Nothing> organizations = new(engine, OrganizationKind.Kind, time);
    private readonly ResourceStore<ProjectSpec, Nothing> projects = new(engine, ProjectKind.Kind, time);

    /// <summary>The generic create, with the default project made behind it.</summary>
    public ApiHandler Creating(ApiHandler create) => async call =>
    {
        var created = await create(call);
        if (!created.TryGet(out var answer, out _) || answer is not JsonAnswer { Location: { } location }) return created;
        return await AddProjectAsync(call, location[(location.LastIndexOf('/') + 1)..]) is { } error ? error : created;
    };

    private async Task<Error?> AddProjectAsync(ApiCall call, string id)
    {
        var found = await organizations.GetAsync(call.Principal.Caller, id, AsOf.Latest, call.Aborted);
        if (!found.TryGet(out var organization, out var error)) return error;
        var caller = call.Principal.Caller with { Tenant = new TenantId(OrganizationKind.Kind.EntityOf(organization.Id).Value) };
        var project = new NewResource<ProjectSpec> { Name = DefaultProject, Spec = new ProjectSpec() };
        var made = await projects.CreateAsync(caller, project, null, call.Aborted);
        return made.IsOk || made.Error.Kind == ErrorKind.Conflict ? null : made.Error;
    }
}
