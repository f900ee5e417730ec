using System.Text.Json;
using Strata.Client;
using Strata.Core;

namespace Strata.Nodes.Agent.Hooks;

/// <summary>Asks for a new token at each start: the one before is revoked by that.</summary>
internal sealed class TokenHook(StrataClient client) : IInstanceHook
{
    public async Task<Result<Done>> StartAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        var path = $"/api/v1/instances/{Uri.EscapeDataString(context.Id)}/token?org={Uri.EscapeDataString(context.Org)}";
        using var answer = await client.SendAsync(HttpMethod.Post, path, cancellationToken: cancellationToken);
        if (answer is null || !answer.RootElement.TryGetProperty("token", out var token) || token.ValueKind != JsonValueKind.String) return Unexpected;
        context.Token = token.GetString()!;
        return default(Done);
    }

    private static readonly Error Unexpected = new(ErrorKind.Internal, "UNEXPECTED_ANSWER", "The server sent no token for the instance.") { Retryable = true };
}
