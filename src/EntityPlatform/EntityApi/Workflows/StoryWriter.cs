using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Entities.Conditions;
using Strata.Entities.Narrative;

namespace Strata.EntityApi.Workflows;

/// <summary>Writes the story of an entity.</summary>
internal static class StoryWriter
{
    public static void Write(Utf8JsonWriter json, Story story)
    {
        json.WriteStartObject();
        json.WriteString("entityId", story.Entity.Id.Value);
        EntityWriter.WriteModel(json, story.Entity.Model);
        json.WriteString("state", story.Entity.State);
        json.WriteBoolean("deleted", story.Entity.Deleted);
        json.WriteString("since", story.Since.UtcDateTime);
        json.WriteBoolean("olderLeftOut", story.IsCut);
        json.WriteStartArray("story");
        foreach (var chapter in story.Chapters) Write(json, chapter);
        json.WriteEndArray();
        WriteList(json, "waitsFor", story.Waits);
        json.WriteEndObject();
    }

    public static Task WriteTextAsync(HttpContext http, Story story)
    {
        var text = Encoding.UTF8.GetBytes(ToText(story));
        http.Response.ContentType = "text/plain; charset=utf-8";
        http.Response.ContentLength = text.Length;
        return HttpMethods.IsHead(http.Request.Method)
            ? Task.CompletedTask : http.Response.Body.WriteAsync(text, http.RequestAborted).AsTask();
    }

    internal static string ToText(Story story)
    {
        var text = new StringBuilder();
        var entity = story.Entity;
        Line(text, entity.Deleted
            ? $"The entity {entity.Id} of the model {entity.Model} is deleted since {ConditionWords.Of(story.Since)}. Its last state was {entity.State}."
            : $"The entity {entity.Id} of the model {entity.Model} is in the state {entity.State} since {ConditionWords.Of(story.Since)}.");
        if (story.IsCut) Line(text, "What happened earlier is left out; the audit trail shows it.");
        foreach (var chapter in story.Chapters)
        {
            Line(text.Append('\n'), $"{ConditionWords.Of(chapter.At)}: {chapter.Title} (transaction {chapter.Transaction})");
            foreach (var sentence in chapter.Sentences) Line(text, $"  {sentence}");
        }
        if (story.Waits.Count == 0) return text.ToString();
        Line(text.Append('\n'), "It waits for:");
        foreach (var wait in story.Waits) Line(text, $"  - {wait}");
        return text.ToString();
    }

    private static void Write(Utf8JsonWriter json, Chapter chapter)
    {
        json.WriteStartObject();
        json.WriteString("time", chapter.At.UtcDateTime);
        json.WriteString("transactionId", chapter.Transaction.Value);
        json.WriteString("user", chapter.By);
        json.WriteString("title", chapter.Title);
        WriteList(json, "sentences", chapter.Sentences);
        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<string> sentences)
    {
        json.WriteStartArray(name);
        foreach (var sentence in sentences) json.WriteStringValue(sentence);
        json.WriteEndArray();
    }

    /// <summary>A name with a line break in it must not look like a line of the story.</summary>
    private static void Line(StringBuilder text, string line)
    {
        foreach (var c in line) text.Append(char.IsControl(c) ? ' ' : c);
        text.Append('\n');
    }
}
