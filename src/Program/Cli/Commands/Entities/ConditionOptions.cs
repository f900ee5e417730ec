using System.CommandLine;
using Strata.Cli.Conditions;
using Strata.Cli.Data;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Commands.Entities;

/// <summary>
/// Which entities a command means: <c>--where</c> for people, <c>--condition</c> for what programs wrote. Each command has its own.
/// </summary>
internal sealed class ConditionOptions
{
    private readonly Option<string?>
        where = new("--where", "-w") { Description = "Condition, such as \"total > 100 and state = 'NEW'\"", HelpName = "CONDITION" };
    private readonly Option<string?> condition = new(
        "--condition") { Description = "Condition in the API's JSON: a file, - for standard input, or written here", HelpName = "JSON" };

    public void AddTo(Command command)
    {
        command.Add(where);
        command.Add(condition);
    }

    /// <summary>Null where none is given.</summary>
    public async Task<JsonText?> ReadAsync(Run run, CancellationToken cancellationToken)
    {
        var (text, json) = (run.Parse.GetValue(where), run.Parse.GetValue(condition));
        if (text is not null && json is not null)
            throw UsageErrors.Of("Only one of --where and --condition can be given.", "Leave one out.").ToException();
        if (json is not null) return await DataInput.ReadJsonAsync(json, cancellationToken);
        return text is null ? null : ConditionText.Parse(text);
    }
}
