using System.Text;
using Strata.Core;
using Strata.EntityApi.Xml;

namespace Strata.EntityApi.Tests.Xml;

public class XmlDocumentsTests
{
    private const string Everything = "<?xml version='1.0' encoding='utf-8'?><p:r xmlns:p='urn:x' p:a='1' b='&lt;'><i>1.50</i><i>-1e9</i><!-- c --><t>é&#x1F600; <![CDATA[<]]></t><n><m/>x</n></p:r>";

    [Theory]
    [InlineData("<r><name>Ada</name><age>36</age></r>", """{"name":"Ada","age":36}""")]
    [InlineData("<r><a><b>x</b></a></r>", """{"a":{"b":"x"}}""")]
    [InlineData("<r><i>a</i><n>1</n><i>b</i></r>", """{"i":["a","b"],"n":1}""")]
    [InlineData("<r><i id=\"5\" on=\"true\">text</i></r>", """{"i":{"id":5,"on":true,"_text":"text"}}""")]
    [InlineData("<r id='1'><id>2</id></r>", """{"id":[1,2]}""")]
    [InlineData("<r><e/><f></f><g> \n </g></r>", """{"e":"","f":"","g":""}""")]
    [InlineData("<r><a>  x y\n</a></r>", """{"a":"x y"}""")]
    [InlineData("<r><a>1<b>2</b>3</a></r>", """{"a":{"b":2,"_text":13}}""")]
    [InlineData("<r><a><![CDATA[<&\"]]></a></r>", """{"a":"<&\""}""")]
    [InlineData("<p:r xmlns:p='urn:x' xmlns='urn:y'><p:a p:b='1'/><c>&lt;é</c></p:r>", """{"a":{"b":1},"c":"<é"}""")]
    [InlineData("<r xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><a xsi:nil='true'/><b xsi:type='t'>1</b></r>", """{"a":null,"b":1}""")]
    [InlineData("<?xml version='1.0'?><!-- c --><?pi x?><r><a>1</a></r><!-- end -->", """{"a":1}""")]
    [InlineData("<r>text</r>", "\"text\"")]
    public void ToJson_Document_IsTheJsonThatItStandsFor(string xml, string json) => Assert.Equal(json, Convert(xml));

    [Theory]
    [InlineData("0", true)]
    [InlineData("-0", true)]
    [InlineData("170141183460469231731687303715884105728", true)]
    [InlineData("0.1234567890123456789012345678901234567890", true)]
    [InlineData("1E2", true)]
    [InlineData("007", false)]
    [InlineData("+1", false)]
    [InlineData("1.", false)]
    [InlineData(".5", false)]
    [InlineData("NaN", false)]
    [InlineData("1e9999", false)]
    [InlineData("1 2", false)]
    [InlineData("-", false)]
    public void ToJson_Number_IsOneWhereJsonSpellsItSo(string text, bool isNumber) =>
        Assert.Equal(isNumber ? $"{{\"v\":{text}}}" : $"{{\"v\":\"{text}\"}}", Convert($"<r><v>{text}</v></r>"));

    [Theory]
    [InlineData("")]
    [InlineData("<r>")]
    [InlineData("<r></r><r/>")]
    [InlineData("<r/>trailing")]
    [InlineData("{}")]
    [InlineData("<r>&#0;</r>")]
    [InlineData("<r>&undefined;</r>")]
    [InlineData("<?xml version='1.0' encoding='nonsense'?><r/>")]
    [InlineData("<!DOCTYPE r [<!ENTITY a 'b'>]><r>&a;</r>")]
    [InlineData("<!DOCTYPE r SYSTEM 'file:///etc/passwd'><r/>")]
    public void ToJson_NotXml_IsRefused(string xml) =>
        Assert.Equal("BAD_REQUEST", XmlDocuments.ToJson(Encoding.UTF8.GetBytes(xml)).Error?.Code);

    [Fact]
    public void ToJson_TooDeepOrMany_IsRefused()
    {
        static string Nested(int depth) => string.Concat(Enumerable.Repeat("<a><a/>", depth - 1)) + "<a/>"
            + string.Concat(Enumerable.Repeat("</a>", depth - 1));
        Assert.Null(XmlDocuments.ToJson(Encoding.UTF8.GetBytes(Nested(XmlDocuments.DepthMax))).Error);
        foreach (var depth in (int[])[XmlDocuments.DepthMax + 1, 10_000])
            Assert.Equal("BAD_REQUEST", XmlDocuments.ToJson(Encoding.UTF8.GetBytes(Nested(depth))).Error?.Code);
        var many = "<r>" + string.Concat(Enumerable.Repeat("<a/>", XmlDocuments.NodesMax)) + "</r>";
        Assert.Equal("BAD_REQUEST", XmlDocuments.ToJson(Encoding.UTF8.GetBytes(many)).Error?.Code);
    }

    [Fact]
    public void ToJson_Utf16WithMark_IsRead() => Assert.Equal("""{"a":"é"}""", XmlDocuments.ToJson(Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("<r><a>é</a></r>")).ToArray()).Value.ToString());

    [Fact]
    public void ToJson_DamagedXml_IsJsonOrRefused()
    {
        var random = Seeded.Random();
        for (var i = 0; i < 5_000; i++)
        {
            var xml = Encoding.UTF8.GetBytes(Everything);
            for (var damage = random.Next(1, 4); damage > 0; damage--)
                xml[random.Next(xml.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : xml[random.Next(xml.Length)];
            var json = XmlDocuments.ToJson(xml.AsMemory(0, random.Next(4) == 0 ? random.Next(xml.Length) : xml.Length));
            if (json.Error is { } error) Assert.Contains(error.Code, (string[])["BAD_REQUEST", "INVALID_JSON"]);
            else Assert.True(JsonGuard.Check(json.Value.Utf8).IsOk);
        }
    }

    private static string Convert(string xml) => XmlDocuments.ToJson(Encoding.UTF8.GetBytes(xml)).Value.ToString();
}
