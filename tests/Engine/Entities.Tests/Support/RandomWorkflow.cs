using Strata.Core;
using Strata.Entities.Workflows;

namespace Strata.Entities.Tests.Support;

/// <summary>Random workflows over few states, so that cascades, circles and dead ends are common.</summary>
internal static class RandomWorkflow
{
    private static readonly string[] States = ["A", "B", "C", "D", "odd state"];

    public static WorkflowDefinition Next(Random random, string name = "w", bool withCalls = true)
    {
        var states = States.Take(random.Next(1, States.Length + 1)).ToArray();
        return new WorkflowDefinition
        {
            Version = $"1.{random.Next(6)}",
            Name = name,
            Description = random.Chance(0.3) ? "why" : null,
            InitialState = random.Pick(states),
            Active = random.Chance(0.9),
            Criterion = Criterion(random, 0.3, withCalls),
            States = states.ToDictionary(state => state, _ => State(random, states, withCalls)),
            Annotations = Annotations(random),
            CriterionAnnotations = Annotations(random),
        };
    }

    private static StateDefinition State(Random random, string[] states, bool withCalls) => new()
    {
        Transitions = [.. Enumerable.Range(0, random.Next(4)).Select(i => Transition(random, $"t{i}", states, withCalls))],
        Annotations = Annotations(random),
    };

    private static TransitionDefinition Transition(Random random, string name, string[] states, bool withCalls)
    {
        var transition = Unscheduled(random, name, states, withCalls);
        return random.Chance(0.1) ? transition with { Manual = false, Schedule = Schedule(random, withCalls) } : transition;
    }

    private static ScheduleDefinition Schedule(Random random, bool withCalls)
    {
        TimeSpan? timeout = random.Chance(0.5) ? TimeSpan.FromMilliseconds(random.Next(9)) : null;
        return withCalls && random.Chance(0.3)
            ? new ScheduleDefinition(null, timeout, new FunctionDefinition("s", Config(random) with { Tags = ["clock"] }))
            : new ScheduleDefinition(TimeSpan.FromMilliseconds(random.Next(1, 9999)), timeout);
    }

    private static TransitionDefinition Unscheduled(Random random, string name, string[] states, bool withCalls) => new()
    {
        Name = name,
        Next = random.Pick(states),
        Manual = random.Chance(0.5),
        Disabled = random.Chance(0.1),
        Criterion = Criterion(random, 0.6, withCalls),
        Processors = [.. Enumerable.Range(0, withCalls ? random.Next(3) : 0).Select(i => Processor(random, $"p{i}"))],
        Annotations = Annotations(random),
        CriterionAnnotations = Annotations(random),
    };

    private static ProcessorDefinition Processor(Random random, string name)
    {
        var mode = random.Pick(Enum.GetValues<ExecutionMode>());
        return new ProcessorDefinition
        {
            Name = name,
            ExecutionMode = mode,
            StartNewTransactionOnDispatch = mode == ExecutionMode.CommitBeforeDispatch && random.Chance(0.5),
            Config = Config(random),
            Criterion = Criterion(random, 0.2, withCalls: true),
            Annotations = Annotations(random),
        };
    }

    private static ComputeConfig Config(Random random) => new()
    {
        AttachEntity = random.Chance(0.5),
        Tags = random.Pick<string[]>([], ["gpu"], ["gpu", "eu"]),
        ResponseTimeout = TimeSpan.FromMilliseconds(random.Next(1, 99_999)),
        Context = random.Pick(null, "", "context"),
        RetryPolicy = random.Pick(null, "NONE", "FIXED"),
        Idempotent = random.Chance(0.5),
    };

    private static Criterion? Criterion(Random random, double probability, bool withCalls)
    {
        if (!random.Chance(probability)) return null;
        return withCalls && random.Chance(0.3)
            ? new Criterion(null, new FunctionDefinition("f", Config(random), random.Chance(0.3) ? RandomJson.Condition(random, 1) : null))
            : new Criterion(RandomJson.Condition(random, 1), null);
    }

    private static JsonText? Annotations(Random random) => random.Chance(0.2) ? JsonText.FromString("""{"displayName":"é","n":1.0}""") : null;
}
