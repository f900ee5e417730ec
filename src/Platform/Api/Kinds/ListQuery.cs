using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>
/// Which resources a list or a watch shows. The parts are apart, because a watch reports what leaves the one and must not report what
/// leaves the other.
/// </summary>
/// <param name="Visible">What the caller may see; null: all of the organization.</param>
/// <param name="Asked">What the request asks for; null: all.</param>
internal sealed record ListFilter(Condition? Visible, Condition? Asked)
{
    /// <summary>Null: everything is shown.</summary>
    public Condition? Both { get; } = (Visible, Asked) switch
    {
        (null, var asked) => asked,
        (var visible, null) => visible,
        var (visible, asked) => new Condition.All([visible, asked]),
    };
}

/// <summary>Reads what a list or a watch is asked for, and what the caller may see of it.</summary>
internal sealed class ListQuery(Kind kind, Scoping scoping)
{
    private readonly KindFields known = new(kind);

    public async ValueTask<Result<ListFilter>> ReadFilterAsync(ApiCall call, Caller caller)
    {
        var parts = new List<Condition>();
        if (RefuseFilters(call) is { } unseen) return unseen;
        if (await AddProjectAsync(call, caller, parts) is { } error) return error;
        if (AddState(call, parts) is { } stateError) return stateError;
        if (AddWhere(call, parts) is { } whereError) return whereError;
        if (AddFields(call, parts) is { } fieldError) return fieldError;
        return new ListFilter(
            Scoping.Restriction(call.Principal, kind, kind.ReadPermission),
            parts.Count switch { 0 => null, 1 => parts[0], _ => new Condition.All(parts) });
    }

    /// <summary>A reader who is not shown all of a resource could guess the rest by filters.</summary>
    private Error? RefuseFilters(ApiCall call)
    {
        if (kind.PrivateSpec.Count == 0 || Scoping.ShownTo(call.Principal) == Shown.Whole) return null;
        var filter = call.Http.Request.Query.Keys.FirstOrDefault(name => name == "where" || FieldFilter.IsName(name));
        return filter is null ? null : ApiErrors.Query(
            filter, "cannot be used with this token, which is not shown all of a resource.",
            $"Leave out {filter.Shortened(100)}, or use a token that may read all of it.");
    }

    /// <summary>To a token of another project a project does not exist.</summary>
    private async ValueTask<Error?> AddProjectAsync(ApiCall call, Caller caller, List<Condition> parts)
    {
        if (!call.Query("project").TryGet(out var project, out var error)) return error;
        if (project is null && kind.Scope == KindScope.Project) project = Scoping.NamedProject(call);
        if (project is null) return null;
        var id = await scoping.ProjectIdAsync(caller, project, call.Aborted);
        if (!id.IsOk) return id.Error;
        if (call.Principal.Project is { } own && own != id.Value) return ResourceErrors.NotFound(ProjectKind.Kind, project);
        parts.Add(GrantScope.Equal(new Field.Path(JsonPath.Parse("$.project")), id.Value));
        return null;
    }

    private Error? AddState(ApiCall call, List<Condition> parts)
    {
        if (!call.Query("state").TryGet(out var state, out var error)) return error;
        if (state is null) return null;
        if (!kind.Workflow.States.ContainsKey(state))
            return ApiErrors.QueryValue("state", $"one of {string.Join(", ", kind.Workflow.States.Keys)}");
        parts.Add(GrantScope.Equal(new Field.Meta(MetaField.State), state));
        return null;
    }

    private Error? AddWhere(ApiCall call, List<Condition> parts)
    {
        if (!call.Query("where").TryGet(out var where, out var error)) return error;
        if (where is null) return null;
        if (!ConditionJson.Parse(JsonText.FromString(where)).TryGet(out var condition, out error)) return OfWhere(error);
        if (HiddenFields.Find(kind, condition) is { } hidden) return HiddenFields.Refuse("where", hidden);
        if (known.Check("where", condition) is { } unknown) return unknown;
        parts.Add(condition);
        return null;
    }

    private static Error OfWhere(Error error) => error with
    {
        Message = $"The query parameter \"where\" is not a condition: {error.Message}",
        NextStep = "Set where to a condition as JSON: simple, lifecycle or group.",
        Faults = [.. error.Faults ?? [], new ValidationError("where", "must be a condition as JSON.")],
    };

    private Error? AddFields(ApiCall call, List<Condition> parts)
    {
        foreach (var name in call.Http.Request.Query.Keys.Where(FieldFilter.IsName))
        {
            if (!call.Query(name).TryGet(out var value, out var error)) return error;
            if (!FieldFilter.Read(name, value!).TryGet(out var condition, out error)) return error;
            if (HiddenFields.Find(kind, condition) is { } hidden) return HiddenFields.Refuse(name, hidden);
            if (known.Check(name, condition) is { } unknown) return unknown;
            parts.Add(condition);
        }
        return null;
    }
}
