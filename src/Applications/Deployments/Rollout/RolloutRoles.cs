
using Strata.Contracts;

namespace Strata.Deployments.Rollout;

/// <summary>The roles of releases and instances while a deployment moves to, or stays at, a target release.</summary>
internal sealed class RolloutRoles
{
    public RolloutRoles(RolloutView view, ReleaseView? target, int generation)
    {
        (View, Target) = (view, target);
        Current = [.. view.Instances.Where(x => x.IsAlive && IsOfTarget(x, generation))];
        Others = [.. view.Instances.Where(x => x.IsAlive && !IsOfTarget(x, generation))];
        Failed = [.. view.Instances.Where(x => !x.Lost && x.State == InstanceStates.Failed && IsOfTarget(x, generation))];
        Ready = Current.FindAll(x => x.IsReady);
    }

    public RolloutView View { get; }

    /// <summary>Null: nothing should run.</summary>
    public ReleaseView? Target { get; }

    /// <summary>Alive and of the target.</summary>
    public List<InstanceView> Current { get; }

    public List<InstanceView> Ready { get; }

    /// <summary>Alive and of another release or an earlier generation.</summary>
    public List<InstanceView> Others { get; }

    /// <summary>Of the target, and never became ready.</summary>
    public List<InstanceView> Failed { get; }

    /// <summary>How many instances the target needs: none for a static site.</summary>
    public int Replicas => Target is null or { StaticImage: not null } ? 0 : View.Replicas;

    /// <summary>The target can take all requests.</summary>
    public bool Switched => Target is not null && Ready.Count >= Replicas;

    private bool IsOfTarget(InstanceView instance, int generation) =>
        Target is { StaticImage: null } && instance.Release == Target.Id && instance.Generation >= generation;
}
