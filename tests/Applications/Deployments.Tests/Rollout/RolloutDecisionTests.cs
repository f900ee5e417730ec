using Strata.Contracts;
using Strata.Deployments.Rollout;

namespace Strata.Deployments.Tests.Rollout;

/// <summary>
/// Random worlds in which agents, nodes and users do what they may, and the decision is carried out step by step, now and then only in
/// part.
/// </summary>
public sealed class RolloutDecisionTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Decide_ScaledDownDuringABackOff_StopsTheOneInBackOff()
    {
        var plan = RolloutDecision.Decide(
            Running(2, InstanceStates.Ready, InstanceStates.Pending, InstanceStates.Backoff), RolloutRules.Default);
        Assert.Equal(["ins_2"], plan.Stop);
        Assert.Empty(plan.Drain);
        Assert.Null(plan.Create);
    }

    [Fact]
    public void Decide_ScaledUpDuringABackOff_CreatesTheOthersAtOnce()
    {
        Assert.Equal(
            ("rel_1", 2), RolloutDecision.Decide(Running(4, InstanceStates.Ready, InstanceStates.Backoff), RolloutRules.Default).Create);
        Assert.Equal(
            ("rel_1", 2), RolloutDecision.Decide(Running(4, InstanceStates.Ready, InstanceStates.Failed), RolloutRules.Default).Create);
    }

    [Fact]
    public void Decide_InstanceBeyondTheQuota_SaysSo_AndTheRolloutFailsWithIt()
    {
        const string quota = "QUOTA_EXCEEDED: this organization's instances use 2 of 2 instances, and this one needs 1.";
        var view = Running(2, InstanceStates.Ready, InstanceStates.Pending) with { State = DeploymentStates.RollingOut };
        view = view with { Instances = [view.Instances[0], view.Instances[1] with { Message = quota }] };
        Assert.Equal($"1 of 2 instances of r1 are ready: {quota}", RolloutDecision.Decide(view, RolloutRules.Default).Message);
        var late = RolloutDecision.Decide(
            view with { Now = Start + RolloutRules.Default.Placement + TimeSpan.FromSeconds(1) }, RolloutRules.Default);
        Assert.Equal($"Release r1 did not start in time: {quota}", Assert.IsType<RolloutEnd.Fail>(late.End).Message);
    }

    /// <summary>Nothing could start it meanwhile.</summary>
    [Theory]
    [InlineData(InstanceStates.Pending, 1)]
    [InlineData(InstanceStates.Assigned, 1)]
    [InlineData(InstanceStates.Starting, 3)]
    public void Decide_AfterAnHourWithoutAServer_GivesTheInstanceItsWholeTime(string state, int minutes)
    {
        var back = Start + TimeSpan.FromHours(1);
        var view = Running(1, state) with { State = DeploymentStates.RollingOut, Serving = null, Since = back, Now = back.AddSeconds(5) };
        Assert.Null(RolloutDecision.Decide(view, RolloutRules.Default).End);
        var late = RolloutDecision.Decide(view with { Now = back.AddMinutes(minutes).AddSeconds(1) }, RolloutRules.Default);
        Assert.IsType<RolloutEnd.Fail>(late.End);
    }

    private static RolloutView Running(int replicas, params string[] states) => new()
    {
        State = DeploymentStates.Running,
        Replicas = replicas,
        Generation = 0,
        Wanted = "rel_1",
        Serving = "rel_1",
        Releases = new Dictionary<string, ReleaseView> { ["rel_1"] = new(
            "rel_1", "r1", Ready: true, StaticImage: null, TimeSpan.FromSeconds(60)) },
        Instances = [.. states.Select((state, i) => new InstanceView($"ins_{i}", "rel_1", 0, state, Start, Start))],
        Now = Start + TimeSpan.FromSeconds(1),
    };

    [Fact]
    public void Decide_HealthyReleases_Converges()
    {
        for (var run = 0; run < 300; run++)
        {
            var world = new World(run);
            for (var act = 0; act < 4; act++)
            {
                world.UserActs();
                for (var step = 0; step < 20; step++) world.Step(partly: true);
            }
            for (var step = 0; step < 200; step++) world.Step(partly: false);
            Assert.True(world.State == DeploymentStates.Running, $"run {run}: it is {world.State}");
            Assert.True(world.IsSettled(), $"run {run}: not settled: {world}");
        }
    }

    [Fact]
    public void Decide_ReplacingARelease_NeverHasFewerReadyThanWantedNorRoutesToNobody()
    {
        for (var run = 0; run < 300; run++)
        {
            var world = new World(run, replicas: 1 + (run % 4));
            world.Deploy();
            for (var step = 0; step < 200; step++) world.Step(partly: false);
            Assert.Equal(DeploymentStates.Running, world.State);
            if (run % 2 == 0) world.Deploy();
            else world.Restart();
            for (var step = 0; step < 200; step++)
            {
                world.Step(partly: run % 3 == 0);
                Assert.True(world.RoutedReady() >= world.Replicas,
                    $"run {run}, step {step}: {world.RoutedReady()} of {world.Replicas} serve: {world}");
            }
            Assert.Equal(DeploymentStates.Running, world.State);
        }
    }

    [Fact]
    public void Decide_SickRelease_FailsAndTheOldServesThroughout()
    {
        for (var run = 0; run < 200; run++)
        {
            var world = new World(run, replicas: 1 + (run % 3));
            var good = world.Deploy();
            for (var step = 0; step < 200; step++) world.Step(partly: false);
            var bad = world.Deploy(sick: true);
            for (var step = 0; step < 300; step++)
            {
                world.Step(partly: run % 2 == 0);
                Assert.True(world.RoutedReady() >= world.Replicas, $"run {run}, step {step}: {world}");
                Assert.DoesNotContain(world.Targets, x => x.Release == bad);
            }
            Assert.Equal(DeploymentStates.Failed, world.State);
            Assert.Equal((good, good), (world.Wanted, world.Serving));
            Assert.DoesNotContain(world.Instances, x => x.Release == bad && x.IsAlive);
        }
    }

    [Fact]
    public void Decide_NodeLost_ReplacesItsInstances()
    {
        var world = new World(1, replicas: 3);
        world.Deploy();
        for (var step = 0; step < 100; step++) world.Step(partly: false);
        world.Lose(world.Instances[0].Id);
        for (var step = 0; step < 100; step++) world.Step(partly: false);
        Assert.Equal(3, world.RoutedReady());
    }

    [Fact]
    public void Decide_RunningReleaseTurnsSick_ReplacesWithGrowingPauses()
    {
        var world = new World(1);
        var release = world.Deploy();
        for (var step = 0; step < 100; step++) world.Step(partly: false);
        world.Sicken(release);
        var before = world.Created;
        for (var step = 0; step < 1200; step++) world.Step(partly: false); // twenty minutes
        Assert.InRange(world.Created - before, 3, 12);
        Assert.Equal(DeploymentStates.Running, world.State);
    }

    [Fact]
    public void Decide_Removing_EndsWithNothing()
    {
        for (var run = 0; run < 100; run++)
        {
            var world = new World(run);
            for (var act = 0; act < 3; act++)
            {
                world.UserActs();
                for (var step = 0; step < 15; step++) world.Step(partly: true);
            }
            world.Remove();
            for (var step = 0; step < 100 && !world.IsRemoved; step++) world.Step(partly: false);
            Assert.True(world.IsRemoved, $"run {run}: {world}");
        }
    }

    /// <summary>A deployment with its instances, an agent and a clock; one step is one second.</summary>
    private sealed class World(int run, int? replicas = null)
    {
        private readonly Random random = Seeded.Random(run);
        private readonly Dictionary<string, ReleaseView> releases = [];
        private readonly HashSet<string> sick = [];
        private DateTimeOffset now = Start;
        private int generation;

        public List<InstanceView> Instances { get; } = [];
        public IReadOnlyList<RouteTarget> Targets { get; private set; } = [];
        public string State { get; private set; } = DeploymentStates.Pending;
        public string? Wanted { get; private set; }
        public string? Serving { get; private set; }
        public int Replicas { get; private set; } = replicas ?? 1;
        public int Created { get; private set; }
        public bool IsRemoved { get; private set; }

        public string Deploy(bool sick = false, bool isStatic = false)
        {
            var id = "rel_" + (releases.Count + 1);
            releases[id] = new ReleaseView(id, "app-" + (releases.Count + 1), true, isStatic ? "sha256:x" : null, TimeSpan.FromSeconds(30));
            if (sick) Sicken(id);
            (Wanted, State) = (id, DeploymentStates.RollingOut);
            return id;
        }

        public void Restart() => (generation, State) = (generation + 1, DeploymentStates.RollingOut);

        public void Sicken(string release)
        {
            sick.Add(release);
            for (var i = 0; i < Instances.Count; i++)
            {
                if (Instances[i].Release == release && Instances[i].IsReady) Set(i, InstanceStates.Failed);
            }
        }

        public void Lose(string id)
        {
            var i = Instances.FindIndex(x => x.Id == id);
            Instances[i] = Instances[i] with { Lost = true };
        }

        public void Remove() => State = DeploymentStates.Removing;

        public void UserActs()
        {
            switch (Wanted is null ? 0 : random.Next(5))
            {
                case 0:
                    Deploy(isStatic: random.Next(4) == 0);
                    break;
                case 1:
                    Restart();
                    break;
                case 2 or 3:
                    (Replicas, State) = (random.Next(5), DeploymentStates.RollingOut);
                    break;
                default:
                    (Wanted, State) = (releases.Keys.ElementAt(random.Next(releases.Count)), DeploymentStates.RollingOut);
                    break;
            }
        }

        public void Step(bool partly)
        {
            now += TimeSpan.FromSeconds(1);
            for (var i = 0; i < Instances.Count; i++) AgentActs(i);
            var plan = RolloutDecision.Decide(View(), RolloutRules.Default);
            var parts = Parts(plan);
            foreach (var part in partly ? parts.Take(random.Next(parts.Count + 1)) : parts) part();
        }

        public int RoutedReady() => Targets.Any(x => x.StaticImage is not null)
            ? int.MaxValue : Instances.Count(x => x.IsReady && Targets.Any(t => t.Release == x.Release));

        public bool IsSettled()
        {
            var alive = Instances.Where(x => x.IsAlive).ToList();
            var needed = releases[Wanted!].StaticImage is null ? Replicas : 0;
            return Serving == Wanted && alive.Count == needed
                && alive.TrueForAll(x => x.Release == Wanted && x.IsReady && x.Generation >= 0)
                && (Replicas == 0 && needed == 0 && Targets.Count == 0 || Targets is [var one] && one.Release == Wanted);
        }

        public override string ToString() =>
            $"{State}, wants {Wanted}, serves {Serving}, to {string.Join(",", Targets.Select(x => x.Release))}: {string.Join(" ", Instances.Select(x => $"{x.Release}/{x.Generation}:{x.State}"))}";

        private RolloutView View() => new()
        {
            State = State, Replicas = Replicas, Generation = generation, Wanted = Wanted, Serving = Serving,
            Instances = [.. Instances], Now = now,
            Releases = releases.Where(x => x.Key == Wanted || x.Key == Serving).ToDictionary(),
        };

        /// <summary>In the order in which the controller does them; it may be cut off between any two.</summary>
        private List<Action> Parts(RolloutPlan plan) =>
        [
            () => Create(plan),
            () => Targets = plan.Targets,
            () => Move(plan.Drain, InstanceStates.Draining),
            () => Move(plan.Stop, InstanceStates.Stopping),
            () => Instances.RemoveAll(x => plan.Delete.Contains(x.Id)),
            () => End(plan),
        ];

        private void Create(RolloutPlan plan)
        {
            for (var i = 0; i < (plan.Create?.Count ?? 0); i++)
            {
                Instances.Add(
                    new InstanceView("ins_" + ++Created, plan.Create!.Value.Release, generation, InstanceStates.Pending, now, now));
            }
        }

        private void Move(IReadOnlyList<string> ids, string state)
        {
            foreach (var id in ids) Set(Instances.FindIndex(x => x.Id == id), state);
        }

        private void End(RolloutPlan plan)
        {
            Serving = plan.Serving;
            switch (plan.End)
            {
                case RolloutEnd.Settle:
                    State = DeploymentStates.Running;
                    break;
                case RolloutEnd.Fail:
                    (State, Wanted) = (DeploymentStates.Failed, plan.Serving ?? Wanted);
                    break;
                case RolloutEnd.Removed:
                    IsRemoved = true;
                    break;
            }
        }

        /// <summary>Each takes its time.</summary>
        private void AgentActs(int i)
        {
            if (Instances[i].Lost || random.Next(3) > 0) return;
            var isSick = sick.Contains(Instances[i].Release);
            var next = Instances[i].State switch
            {
                InstanceStates.Pending => InstanceStates.Assigned,
                InstanceStates.Assigned => InstanceStates.Starting,
                InstanceStates.Starting => isSick ? InstanceStates.Failed : InstanceStates.Ready,
                InstanceStates.Stopping => InstanceStates.Stopped,
                _ => null,
            };
            if (next is not null) Set(i, next);
        }

        private void Set(int i, string state) => Instances[i] = Instances[i] with { State = state, ChangedAt = now };
    }
}
