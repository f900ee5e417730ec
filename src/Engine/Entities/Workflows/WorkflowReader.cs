using System.Globalization;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Json;

namespace Strata.Entities.Workflows;

/// <summary>Reads one workflow from JSON and reports every fault. For one thread.</summary>
internal sealed class WorkflowReader(Faults faults, bool allowCycles)
{
    private readonly MemberReader members = new(faults);

    /// <returns>Complete only if no fault was added; null where there is nothing to continue with.</returns>
    public WorkflowDefinition? Read(JsonElement json, string path)
    {
        if (!members.IsObject(json, path, "A workflow")) return null;
        CheckVersion(json, path);
        var workflow = new WorkflowDefinition
        {
            Version = json.TextOf("version") ?? "",
            Name = members.Name(json, path, "name"),
            Description = members.Text(json, path, "desc"),
            InitialState = members.Name(json, path, "initialState"),
            Active = members.Boolean(json, path, "active", true),
            Criterion = ReadCriterion(json, path),
            States = ReadStates(json, path),
            Annotations = members.Annotations(json, path, "annotations"),
            CriterionAnnotations = members.Annotations(json, path, "criterionAnnotations"),
            Source = JsonText.From(json),
        };
        CheckStates(workflow, path);
        return workflow;
    }

    private void CheckVersion(JsonElement json, string path)
    {
        if (json.TextOf("version") is not { } version)
            faults.Add($"{path}.version", "A schema version is required, for example \"1.0\".");
        else if (!IsSupported(version))
            faults.Add($"{path}.version", $"\"{Quote.Shorten(version)}\" is not supported: use 1.0 to 1.{WorkflowJson.MinorVersionMax}.");
    }

    private static bool IsSupported(string version) =>
        version is ['1', '.', .. var minor] && int.TryParse(minor, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number <= WorkflowJson.MinorVersionMax && minor.Length == 1;

    private Dictionary<string, StateDefinition> ReadStates(JsonElement json, string path)
    {
        var states = new Dictionary<string, StateDefinition>(StringComparer.Ordinal);
        if (!json.TryGetProperty("states", out var list) || list.ValueKind != JsonValueKind.Object)
        {
            faults.Add($"{path}.states", "An object of states by name is required.");
            return states;
        }
        foreach (var state in list.EnumerateObject())
        {
            var statePath = $"{path}.states.{Quote.Shorten(state.Name)}";
            if (states.Count == WorkflowJson.StatesMax)
            {
                faults.Add($"{path}.states", $"A workflow has at most {WorkflowJson.StatesMax} states.");
                break;
            }
            members.CheckName(state.Name, statePath);
            states[state.Name] = ReadState(state.Value, statePath);
        }
        return states;
    }

    private StateDefinition ReadState(JsonElement json, string path)
    {
        if (!members.IsObject(json, path, "A state")) return new StateDefinition();
        var transitions = members.Items(json, path, "transitions", WorkflowJson.TransitionsMax, ReadTransition);
        foreach (var name in transitions.GroupBy(transition => transition.Name).Where(group => group.Key.Length > 0 && group.Count() > 1))
            faults.Add($"{path}.transitions", $"The name \"{Quote.Shorten(name.Key)}\" occurs twice.");
        return new StateDefinition { Transitions = transitions, Annotations = members.Annotations(json, path, "annotations") };
    }

    private TransitionDefinition? ReadTransition(JsonElement json, string path)
    {
        if (!members.IsObject(json, path, "A transition")) return null;
        return new TransitionDefinition
        {
            Name = members.Name(json, path, "name"),
            Next = members.Name(json, path, "next"),
            Manual = members.Boolean(json, path, "manual", false),
            Disabled = members.Boolean(json, path, "disabled", false),
            Criterion = ReadCriterion(json, path),
            Processors = members.Items(json, path, "processors", WorkflowJson.TransitionsMax, ReadProcessor),
            Schedule = ReadSchedule(json, path),
            Annotations = members.Annotations(json, path, "annotations"),
            CriterionAnnotations = members.Annotations(json, path, "criterionAnnotations"),
        };
    }

    private Criterion? ReadCriterion(JsonElement json, string path)
    {
        if (!json.TryFind("criterion", out var criterion)) return null;
        path += ".criterion";
        if (criterion.ValueKind == JsonValueKind.Object && criterion.TextOf("type") == "function") return ReadFunction(criterion, path);
        return new ConditionReader(faults).Read(criterion, path) is { } condition ? new Criterion(condition, null) : null;
    }

    private Criterion? ReadFunction(JsonElement json, string path)
    {
        path += ".function";
        json.TryGetProperty("function", out var function);
        if (!members.IsObject(function, path, "A function")) return null;
        var guard = function.TryFind("criterion", out var condition)
            ? new ConditionReader(faults).Read(condition, path + ".criterion") : null;
        return new Criterion(null, new FunctionDefinition(members.Name(function, path, "name"), ReadConfig(function, path), guard));
    }

    private ProcessorDefinition? ReadProcessor(JsonElement json, string path)
    {
        if (!members.IsObject(json, path, "A processor")) return null;
        if (members.Text(json, path, "type") is not (null or "" or "externalized" or "EXTERNAL"))
            faults.Add($"{path}.type", "It must be \"externalized\".");
        var processor = new ProcessorDefinition
        {
            Name = members.Name(json, path, "name"),
            ExecutionMode = ReadMode(json, path),
            StartNewTransactionOnDispatch = members.Boolean(json, path, "startNewTxOnDispatch", false),
            Config = ReadConfig(json, path),
            Criterion = ReadCriterion(json, path),
            Annotations = members.Annotations(json, path, "annotations"),
        };
        if (processor is { StartNewTransactionOnDispatch: true, ExecutionMode: not ExecutionMode.CommitBeforeDispatch })
            faults.Add($"{path}.startNewTxOnDispatch", "It is allowed only with the execution mode COMMIT_BEFORE_DISPATCH.");
        return processor;
    }

    private ExecutionMode ReadMode(JsonElement json, string path)
    {
        if (!json.TryFind("executionMode", out _) || json.TextOf("executionMode") is "") return ExecutionMode.Sync;
        if (json.TextOf("executionMode") is { } name && ExecutionModes.TryFind(name, out var mode)) return mode;
        faults.Add($"{path}.executionMode", $"It must be one of {string.Join(", ", ExecutionModes.Names)}.");
        return ExecutionMode.Sync;
    }

    private ComputeConfig ReadConfig(JsonElement json, string path)
    {
        if (!json.TryFind("config", out var config)) return ComputeConfig.Default;
        path += ".config";
        return members.IsObject(config, path, "A config") ? ReadConfigMembers(config, path) : ComputeConfig.Default;
    }

    private ComputeConfig ReadConfigMembers(JsonElement config, string path)
    {
        CheckAsynchronous(config, path);
        var tags = members.Text(config, path, "calculationNodesTags") ?? "";
        return new ComputeConfig
        {
            AttachEntity = members.Boolean(config, path, "attachEntity", true),
            Tags = tags.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
            ResponseTimeout = ReadResponseTimeout(config, path),
            Context = members.Text(config, path, "context"),
            RetryPolicy = ReadRetryPolicy(config, path),
            Idempotent = members.Boolean(config, path, "idempotent", false),
        };
    }

    /// <summary>EXPONENTIAL and LINEAR are what older clients say.</summary>
    private string? ReadRetryPolicy(JsonElement config, string path)
    {
        var policy = members.Text(config, path, "retryPolicy");
        if (policy is not (null or "" or "NONE" or "FIXED" or "EXPONENTIAL" or "LINEAR"))
            faults.Add($"{path}.retryPolicy", "It must be NONE or FIXED.");
        return policy;
    }

    /// <summary>Parts of the entity API that would be silently ignored are refused.</summary>
    private void CheckAsynchronous(JsonElement config, string path)
    {
        if (members.Boolean(config, path, "asyncResult", false))
            faults.Add($"{path}.asyncResult", "Results are always awaited: omit it, or use COMMIT_BEFORE_DISPATCH.");
        if (config.TryFind("crossoverToAsyncMs", out _))
            faults.Add($"{path}.crossoverToAsyncMs", "Results are always awaited: omit it.");
    }

    /// <summary>Zero is how some clients say that they leave it to the server.</summary>
    private TimeSpan ReadResponseTimeout(JsonElement config, string path)
    {
        var sent = members.Milliseconds(config, path, "responseTimeoutMs", 0);
        return sent > TimeSpan.Zero ? sent.Value : ComputeConfig.Default.ResponseTimeout;
    }

    private ScheduleDefinition? ReadSchedule(JsonElement json, string path)
    {
        if (!json.TryFind("schedule", out var schedule)) return null;
        path += ".schedule";
        if (!members.IsObject(schedule, path, "A schedule")) return null;
        var hasFunction = schedule.TryFind("function", out var sent);
        var function = hasFunction ? ReadScheduleFunction(sent, path + ".function") : null;
        if (hasFunction == schedule.TryFind("delayMs", out _))
            faults.Add($"{path}.delayMs", "Either a delay in milliseconds or a function is required.");
        if (json.TryFind("manual", out var manual) && manual.ValueKind == JsonValueKind.True)
            faults.Add(path, "A scheduled transition fires automatically: it cannot be manual too.");
        var delay = members.Milliseconds(schedule, path, "delayMs", 1);
        return new ScheduleDefinition(delay, members.Milliseconds(schedule, path, "timeoutMs", 0), function);
    }

    private FunctionDefinition? ReadScheduleFunction(JsonElement function, string path)
    {
        if (!members.IsObject(function, path, "A function")) return null;
        if (function.TextOf("resultKind") != "Schedule") faults.Add($"{path}.resultKind", "It must be \"Schedule\".");
        if (members.Text(function, path, "calculationNodesTags") is null or "")
            faults.Add($"{path}.calculationNodesTags", "The tags of the members that answer are required.");
        return new FunctionDefinition(members.Name(function, path, "name"), ReadConfigMembers(function, path));
    }

    private void CheckStates(WorkflowDefinition workflow, string path)
    {
        if (workflow.InitialState.Length > 0 && !workflow.States.ContainsKey(workflow.InitialState))
            faults.Add($"{path}.initialState", $"\"{Quote.Shorten(workflow.InitialState)}\" is not among the states.");
        foreach (var (name, state) in workflow.States)
        {
            foreach (var transition in state.Transitions.Where(t => t.Next.Length > 0 && !workflow.States.ContainsKey(t.Next)))
            {
                var place = $"{path}.states.{Quote.Shorten(name)}.{Quote.Shorten(transition.Name)}";
                faults.Add(place, $"It leads to \"{Quote.Shorten(transition.Next)}\", which is not among the states.");
            }
        }
        if (!allowCycles && StaticCycle.Find(workflow) is { } cycle)
            faults.Add(
                $"{path}.states",
                $"Automatic transitions without a criterion lead in a circle: {Quote.Shorten(string.Join(" → ", cycle))}.");
    }
}
