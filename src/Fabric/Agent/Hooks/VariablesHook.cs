using System.Text.Json;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Agent.Hooks;

/// <summary>
/// Puts values in the place of references in the instance's variables, such as those of secrets: as they are at this start. The API gives
/// them to the agent of the instance's node alone, and they go into the run and nowhere else.
/// </summary>
internal sealed class VariablesHook(StrataClient client) : IInstanceHook
{
    public async Task<Result<Done>> StartAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        context.Variables = context.Spec.Env;
        if (context.Spec.Env.Values.All(VariableReference.IsPlain)) return default(Done);
        var path = $"/api/v1/instances/{Uri.EscapeDataString(context.Id)}/variables?org={Uri.EscapeDataString(context.Org)}";
        try
        {
            using var answer = await client.SendAsync(HttpMethod.Post, path, cancellationToken: cancellationToken);
            if (answer is null || !answer.RootElement.TryGetProperty("variables", out var given) || given.ValueKind != JsonValueKind.Object)
                return Unexpected;
            var variables = new Dictionary<string, string>(context.Spec.Env);
            foreach (var variable in given.EnumerateObject()) variables[variable.Name] = variable.Value.GetString() ?? "";
            context.Variables = variables;
            return default(Done);
        }
        catch (StrataException e) when (!cancellationToken.IsCancellationRequested)
        {
            // A first start that misses a secret ends here, which ends the deploy. One that has worked before is started once the secret is
            // there again. All else, such as a server of an earlier version, passes.
            var isFinal = Final.Contains(e.Error.Code) && context.Instance.Status.ReadyAt is null;
            return e.Error with { Message = Sentence(e.Error), Retryable = !isFinal };
        }
    }

    private static readonly string[] Final = ["SECRET_NOT_AVAILABLE", "VARIABLES_TOO_LARGE"];

    private static string Sentence(Error error) => error.NextStep is { } next ? $"{error.Message} {next}" : error.Message;

    private static readonly Error Unexpected = new(
        ErrorKind.Internal, "UNEXPECTED_ANSWER", "The server sent no variables for the instance.") { Retryable = true };
}
