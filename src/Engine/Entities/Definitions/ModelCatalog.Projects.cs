using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Entities.Definitions;

public sealed partial class ModelCatalog
{
    /// <summary>
    /// Gives a model, with its entities, to a project, or (null) back to the organization. Whether it is locked does not matter.
    /// </summary>
    /// <param name="project">The project's id.</param>
    public ValueTask<Result<ModelInfo>> SetProjectAsync(
        Caller caller, ModelKey key, string? project, CancellationToken cancellationToken) =>
        ChangeAsync(
            caller, key, current => (ModelDocument.Read(current.Document) with { Project = project }).Write(), null, cancellationToken);

    /// <summary>
    /// Whether the caller may know of a model and its entities; for a caller of one project: of a model that belongs to it. Answers from
    /// memory nearly always.
    /// </summary>
    public async ValueTask<bool> ReachesAsync(Caller caller, ModelKey key, CancellationToken cancellationToken) =>
        caller.Project is null || await definitions.ProjectOfAsync(caller.Tenant, key, cancellationToken) == caller.Project;
}
