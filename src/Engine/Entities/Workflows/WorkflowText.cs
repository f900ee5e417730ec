using System.Text.Json;
using Strata.Core;

namespace Strata.Entities.Workflows;

/// <summary>
/// The text of a workflow as it was imported. Kept byte for byte, so that an export gives back members that Strata does not know, their
/// order and how numbers were written; only what an import mode changes is changed in it. Stateless.
/// </summary>
internal static class WorkflowText
{
    public static JsonText Of(WorkflowDefinition workflow) => workflow.Source ?? WorkflowJson.Write(workflow);

    public static WorkflowDefinition SetActive(WorkflowDefinition workflow, bool active) =>
        workflow.Active == active
            ? workflow : workflow with { Active = active, Source = workflow.Source is { } text ? SetActive(text.Utf8.Span, active) : null };

    private static JsonText SetActive(ReadOnlySpan<byte> utf8, bool active)
    {
        var value = active ? "true"u8 : "false"u8;
        return new JsonText(FindActive(utf8) is { } at
            ? (byte[])[.. utf8[..at.Start.Value], .. value, .. utf8[at.End.Value..]]
            : [.. utf8[..1], .. "\"active\":"u8, .. value, .. ","u8, .. utf8[1..]]);
    }

    private static Range? FindActive(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = JsonGuard.DepthMax });
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1 || !reader.ValueTextEquals("active")) continue;
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            return start..(start + reader.ValueSpan.Length);
        }
        return null;
    }
}
