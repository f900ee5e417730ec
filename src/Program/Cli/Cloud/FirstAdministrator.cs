using System.Text.Json;
using Strata.Cli.Commands;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Cloud;

/// <summary>
/// The link by which the first person makes themselves an administrator of the cloud, as long as nobody has an account. Shown in a terminal
/// only: logs are read by more people.
/// </summary>
internal static class FirstAdministrator
{
    private const string Name = "first-administrator";
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <returns>Null: someone has an account, or the caller may not invite administrators.</returns>
    public static async Task<string?> LinkAsync(Run run, CancellationToken cancellationToken)
    {
        if (!run.Terminal.OutIsTerminal) return null;
        try
        {
            using var people = await run.Client.SendAsync(
                HttpMethod.Get, $"/api/v1/{Plurals.People}?limit=1", cancellationToken: cancellationToken);
            // An earlier link is withdrawn, also where the first person has come in another way.
            var invitations = run.Client.Resources(Plurals.Invitations);
            if (await invitations.FindAsync(Name, cancellationToken: cancellationToken) is { State: "OPEN" } before)
                await invitations.DeleteAsync(before.Id, cancellationToken: cancellationToken);
            if (people!.RootElement.GetProperty("items").GetArrayLength() > 0) return null;
            var spec = new Dictionary<string, object>
            {
                ["roles"] = new[] { Roles.Admin, Roles.Operator }, ["expiresAt"] = run.Now + Lifetime, ["forFirst"] = true,
            };
            using var made = await InviteCommand.CreateAsync(run, Name, spec, cancellationToken);
            return made.RootElement.Text("link");
        }
        catch (StrataException)
        {
            return null; // the link is a courtesy; "strata invite" makes another
        }
    }
}
