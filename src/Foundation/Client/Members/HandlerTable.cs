using System.Reflection;
using System.Text.Json;
using Strata.Core;

namespace Strata.Client;

/// <summary>The methods of plain classes that serve calls, by what they are and the name that workflows have for them. Immutable.</summary>
internal sealed class HandlerTable
{
    public const string Processor = "processor", Criterion = "criterion", Schedule = "function";

    private readonly Dictionary<(string Kind, string Name), (object Target, MethodInfo Method)> handlers = [];

    /// <exception cref="ArgumentException">Two serve the same, or one returns what its kind cannot.</exception>
    public HandlerTable(IEnumerable<object> targets)
    {
        foreach (var target in targets)
        {
            foreach (var method in target.GetType().GetMethods(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public))
            {
                if (method.GetCustomAttribute<ProcessorAttribute>() is { } processor)
                    Add(Processor, processor.Name, target, method, _ => true);
                if (method.GetCustomAttribute<CriterionAttribute>() is { } criterion)
                    Add(Criterion, criterion.Name, target, method, type => type == typeof(bool));
                if (method.GetCustomAttribute<ScheduleAttribute>() is { } schedule)
                    Add(Schedule, schedule.Name, target, method, type => type == typeof(ScheduleTime));
            }
        }
    }

    public async Task<object?> RunAsync(string kind, CallContext call, JsonElement data, CancellationToken cancellationToken)
    {
        if (!handlers.TryGetValue((kind, call.Name), out var handler))
            throw new Error(ErrorKind.NotFound, "NO_SUCH_HANDLER", $"This member has no {kind} \"{call.Name}\".",
                "Correct the workflow's name for it or its tags.").ToException();
        var arguments = handler.Method.GetParameters().Select(p => ArgumentOf(p.ParameterType, call, data, cancellationToken)).ToArray();
        var returned = handler.Method.Invoke(handler.Target, BindingFlags.DoNotWrapExceptions, null, arguments, null);
        if (returned is not Task task) return returned;
        await task;
        return handler.Method.ReturnType == typeof(Task) ? null : task.GetType().GetProperty("Result")!.GetValue(task);
    }

    private void Add(string kind, string name, object target, MethodInfo method, Func<Type, bool> mayReturn)
    {
        var type = method.ReturnType.IsGenericType && method.ReturnType.GetGenericTypeDefinition() == typeof(Task<>)
            ? method.ReturnType.GetGenericArguments()[0] : method.ReturnType;
        if (!mayReturn(type))
            throw new ArgumentException(
                $"{method.DeclaringType}.{method.Name} serves the {kind} \"{name}\" and cannot return {type.Name}.");
        if (!handlers.TryAdd((kind, name), (target, method))) throw new ArgumentException($"Two methods serve the {kind} \"{name}\".");
    }

    private static object? ArgumentOf(Type type, CallContext call, JsonElement data, CancellationToken cancellationToken) =>
        type == typeof(CallContext) ? call
        : type == typeof(CancellationToken) ? cancellationToken
        : type == typeof(JsonElement) ? data
        : data.Deserialize(WireJson.Options.GetTypeInfo(type));
}
